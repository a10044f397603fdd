package stacks_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/stacks"
)

// declared is one resource that a program declared.
type declared struct {
	token, name string
	inputs      resource.PropertyMap
}

// recorder stands for the engine: it notes what a program declares, and knows
// the outputs of the stacks that others refer to.
type recorder struct {
	mu        sync.Mutex
	resources []declared
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		return args.Name, resource.NewPropertyMapFromMap(map[string]any{
			"name": args.Inputs["name"].StringValue(), "outputs": otherOutputs(args.Name),
		}), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources = append(r.resources, declared{token: args.TypeToken, name: args.Name, inputs: args.Inputs})
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewStringProperty("arn:aws:test:" + args.Name)
	outputs["publicIp"] = resource.NewStringProperty("192.0.2.1")
	return args.Name + "-id", outputs, nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": sandbox.AccountID, "token": args.Token}), nil
}

// otherOutputs are the outputs of the stack with this id.
func otherOutputs(id string) map[string]any {
	switch strings.Split(id, ".")[1] {
	case aegis.LayerNetwork:
		return map[string]any{
			"vpc_id": "vpc-1", "public_subnet_ids": []any{"subnet-1"}, "private_subnet_ids": []any{"subnet-2", "subnet-3"},
			"data_subnet_ids": []any{"subnet-4", "subnet-5"}, "workload_security_group_id": "sg-1",
		}
	case aegis.LayerSecurity:
		return map[string]any{
			"web_acl_arn": "arn:acl", "data_key_arn": "arn:data", "logs_key_arn": "arn:logs", "executor_role_arn": "arn:executor",
			"workload_role_arns": map[string]any{"node": "arn:node", "cluster": "arn:cluster", "cluster-node": "arn:cluster-node", "control-plane": "arn:control-plane"}, "instance_profiles": map[string]any{"node": "aegis-dev-node"},
		}
	default:
		return map[string]any{"zone_id": "Z1", "health_check_id": "h", "ingress_ip": "192.0.2.2", "certificate_arn": "arn:cert", "app_name": "app.dev.aegis.example"}
	}
}

// declare runs the program of a spec with a recorder for an engine.
func declare(t require.TestingT, spec aegis.Spec) []declared {
	program, err := stacks.Program(spec)
	require.NoError(t, err)
	engine := &recorder{}
	require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks(stacks.Project, stacks.StackID(spec), engine)))
	return engine.resources
}

// smallEstate are the specs of a small estate in two regions.
func smallEstate(t *testing.T) []aegis.Spec {
	t.Helper()
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"us-east-1", "eu-west-1"})
	require.NoError(t, err)
	return specs
}

// of are the declared resources of a Terraform type.
func of(t *testing.T, all []declared, terraformType string) []declared {
	t.Helper()
	var found []declared
	for _, one := range all {
		if name, _ := stacks.TerraformType(one.token); name == terraformType {
			found = append(found, one)
		}
	}
	require.NotEmpty(t, found, terraformType)
	return found
}
