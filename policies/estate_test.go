package policies_test

import (
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/stacks"
)

func TestNothingIsDeniedOfTheSmallEstate(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1"}
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", regions)
	require.NoError(t, err)
	g := newGate(t, policies.Options{Timeout: time.Minute})
	whole := creation(regions)
	for _, spec := range specs {
		one := creation(regions)
		add(t, &one, spec)
		add(t, &whole, spec)
		for _, source := range []aegis.Source{aegis.SourceBootstrap, aegis.SourceReconcile, aegis.SourceGoal} {
			one.Source = source
			require.Empty(t, g.Decide(t.Context(), one).Deny, "%s by %s", stacks.StackID(spec), source)
		}
	}
	require.Greater(t, len(whole.Diff), 90)
	require.Empty(t, g.Decide(t.Context(), whole).Deny)
}

func creation(regions []string) aegis.GateInput {
	in := scaling(0)
	in.Source, in.Regions, in.Now = aegis.SourceBootstrap, regions, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	in.Stacks, in.Specs = map[string]aegis.Stack{}, map[string]aegis.Spec{}
	in.ChangeSet.Target = aegis.Target{Kind: aegis.TargetPulumiStack, Regions: regions}
	return in
}

// add runs a stack's program with a recorder for an engine, and has the change
// set create what it declares.
func add(t *testing.T, in *aegis.GateInput, spec aegis.Spec) {
	t.Helper()
	program, err := stacks.Program(spec)
	require.NoError(t, err)
	id := stacks.StackID(spec)
	seen := &recorder{stackID: id, region: spec.Region}
	require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks(stacks.Project, id, seen)))
	require.NotEmpty(t, seen.created)
	in.ChangeSet.Target.StackIDs = append(in.ChangeSet.Target.StackIDs, id)
	in.Stacks[id] = aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, Environment: spec.Environment, Layer: spec.Layer, Region: spec.Region,
	}
	in.Specs[id] = spec
	for _, c := range seen.created {
		in.Diff = append(in.Diff, c)
		c.Action, c.Before, c.After = aegis.ActionDelete, c.After, nil
		in.Inverse = append(in.Inverse, c)
	}
}

// recorder notes what a program declares, and knows the outputs of the stacks
// that others refer to.
type recorder struct {
	stackID, region string

	mu      sync.Mutex
	created []aegis.ResourceChange
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		return args.Name, resource.NewPropertyMapFromMap(map[string]any{
			"name": args.Name, "outputs": otherOutputs(strings.Split(args.Name, ".")[1]),
		}), nil
	}
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewStringProperty("arn:aws:test:" + args.Name)
	outputs["publicIp"] = resource.NewStringProperty("192.0.2.1")
	if name, managed := stacks.TerraformType(args.TypeToken); managed {
		after, _ := terraformNames(name, args.Inputs.Mappable()).(map[string]any)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.created = append(r.created, aegis.ResourceChange{
			StackID: r.stackID, Address: stacks.Address(name, args.Name), Type: name, Region: r.region,
			Action: aegis.ActionCreate, After: after, Unknown: []string{}, Sensitive: []string{},
		})
	}
	return args.Name + "-id", outputs, nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "123456789012"}), nil
}

// otherOutputs are the outputs of a stack of this layer.
func otherOutputs(layer string) map[string]any {
	switch layer {
	case aegis.LayerNetwork:
		return map[string]any{
			"vpc_id": "vpc-1", "public_subnet_ids": []any{"subnet-1"}, "private_subnet_ids": []any{"subnet-2", "subnet-3"},
			"workload_security_group_id": "sg-1",
		}
	case aegis.LayerSecurity:
		return map[string]any{
			"data_key_arn": "arn:data", "logs_key_arn": "arn:logs", "executor_role_arn": "arn:executor",
			"workload_role_arns": map[string]any{"node": "arn:node"}, "instance_profiles": map[string]any{"node": "aegis-dev-node"},
		}
	default:
		return map[string]any{"zone_id": "Z1", "health_check_id": "h", "ingress_ip": "192.0.2.2"}
	}
}

// terraformNames writes Pulumi's names as Terraform's, but for tags.
func terraformNames(tfType string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		named := map[string]any{}
		for name, v := range value {
			switch {
			case name == "tags" && tfType == "aws_autoscaling_group":
				named["tag"] = v
			case name == "tags":
				named["tags"] = v
			default:
				named[snake(name)] = terraformNames(tfType, v)
			}
		}
		return named
	case []any:
		list := make([]any, len(value))
		for i, v := range value {
			list[i] = terraformNames(tfType, v)
		}
		return list
	default:
		return value
	}
}

func snake(camel string) string {
	var out strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
