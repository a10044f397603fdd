package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// paperAccount stands for the account that is not asked.
const paperAccount = "000000000000"

// OnPaper runs the programs of an estate's specs without an engine or an account
// and returns what each stack would create, by stack id. Attributes have
// Terraform's names at the top; ids that AWS gives are made up.
func OnPaper(specs []aegis.Spec) (map[string][]aegis.ResourceChange, error) {
	known := map[string]aegis.Spec{}
	for _, spec := range specs {
		known[StackID(spec)] = spec
	}
	made := map[string][]aegis.ResourceChange{}
	for id, spec := range known {
		program, err := Program(spec)
		if err != nil {
			return nil, err
		}
		p := &paper{spec: spec, known: known}
		if err := pulumi.RunErr(program, pulumi.WithMocks(Project, id, p)); err != nil {
			return nil, fmt.Errorf("run the program of stack %s on paper: %w", id, err)
		}
		slices.SortFunc(p.made, func(a, b aegis.ResourceChange) int { return strings.Compare(a.Address, b.Address) })
		made[id] = p.made
	}
	return made, nil
}

// paper stands for the engine of one stack.
type paper struct {
	spec  aegis.Spec
	known map[string]aegis.Spec

	mu   sync.Mutex
	made []aegis.ResourceChange
}

// NewResource notes what a program declares.
func (p *paper) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		name := args.Inputs["name"].StringValue()
		outputs, err := paperOutputs(p.known[name[strings.LastIndex(name, "/")+1:]])
		if err != nil {
			return "", nil, err
		}
		return args.Name, resource.NewPropertyMapFromMap(map[string]any{"name": name, "outputs": outputs}), nil
	}
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewStringProperty("arn:aws:paper:::" + args.Name)
	outputs["publicIp"] = resource.NewStringProperty("192.0.2.1")
	if terraformType, ok := TerraformType(args.TypeToken); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.made = append(p.made, aegis.ResourceChange{
			StackID: StackID(p.spec), Type: terraformType, Address: Address(terraformType, args.Name),
			Region: p.spec.Region, Action: aegis.ActionCreate, After: paperAttributes(args.Inputs),
		})
	}
	return args.Name + "-id", outputs, nil
}

// Call answers who calls, all that programs ask.
func (p *paper) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": paperAccount}), nil
}

// paperAttributes are masked where they hold secrets.
func paperAttributes(inputs resource.PropertyMap) map[string]any {
	attributes := map[string]any{}
	for name, value := range inputs {
		if value.ContainsSecrets() {
			attributes[snakeCase(string(name))] = aegis.Masked
			continue
		}
		attributes[snakeCase(string(name))] = value.Mappable()
	}
	return attributes
}

// snakeCase is "desired_capacity" for "desiredCapacity".
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func paperPeer(spec aegis.Spec, params aegis.NetworkSpec) PeerOutputs {
	peer := PeerOutputs{VPCID: "vpc-0", VPCCIDR: params.CIDR, RouteTableIDs: []string{"rtb-private-1"}, PeeringIDs: map[string]string{}}
	if params.NAT == "per_zone" {
		for i := 1; i < params.Zones; i++ {
			peer.RouteTableIDs = append(peer.RouteTableIDs, fmt.Sprintf("rtb-private-%d", i+1))
		}
	}
	if params.DataSubnets {
		peer.RouteTableIDs = append(peer.RouteTableIDs, "rtb-data")
	}
	for _, region := range regionsBefore(spec) {
		peer.PeeringIDs[region] = "pcx-" + region
	}
	return peer
}

// paperOutputs are outputs in the form of those of the stack of spec.
func paperOutputs(spec aegis.Spec) (map[string]any, error) {
	switch spec.Layer {
	case aegis.LayerNetwork:
		var params aegis.NetworkSpec
		if err := json.Unmarshal(spec.Parameters, &params); err != nil {
			return nil, fmt.Errorf("read parameters: %w", err)
		}
		ids := func(kind string) (ids []string) {
			for i := range params.Zones {
				ids = append(ids, fmt.Sprintf("subnet-%s-%d", kind, i+1))
			}
			return ids
		}
		known := NetworkOutputs{
			VPCID: "vpc-0", PublicSubnetIDs: ids("public"), PrivateSubnetIDs: ids("private"), WorkloadSecurityGroupID: "sg-0",
		}
		if params.DataSubnets {
			known.DataSubnetIDs = ids("data")
		}
		outputs, err := toMap(known)
		if err != nil || !params.Peered {
			return outputs, err
		}
		peer, err := toMap(paperPeer(spec, params))
		maps.Copy(outputs, peer)
		return outputs, err
	case aegis.LayerSecurity:
		return paperSecurity(spec)
	case aegis.LayerData:
		return paperData(spec)
	case aegis.LayerEdge:
		return paperEdge(spec)
	default:
		return nil, fmt.Errorf("nothing reads outputs of layer %q", spec.Layer)
	}
}

func paperData(spec aegis.Spec) (map[string]any, error) {
	var params aegis.DataSpec
	if err := json.Unmarshal(spec.Parameters, &params); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	names := map[string]string{}
	for name := range params.Buckets {
		names[name] = bucketName(spec.Environment, name, paperAccount, spec.Region)
	}
	return toMap(BucketOutputs{BucketNames: names})
}

func paperSecurity(spec aegis.Spec) (map[string]any, error) {
	var params aegis.SecuritySpec
	if err := json.Unmarshal(spec.Parameters, &params); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	roles, profiles := map[string]string{}, map[string]string{}
	for name := range params.WorkloadRoles {
		roles[name], profiles[name] = "arn:aws:iam::"+paperAccount+":role/"+name, name
	}
	outputs, err := toMap(SecurityOutputs{
		DataKeyARN: "arn:aws:kms:::key/data", LogsKeyARN: "arn:aws:kms:::key/logs", ExecutorRoleARN: "arn:aws:iam:::role/executor",
		WorkloadRoleARNs: roles, InstanceProfiles: profiles,
	})
	if err == nil && params.WebACL != nil {
		outputs["web_acl_arn"] = "arn:aws:wafv2:::regional/webacl/regional"
	}
	if err == nil && params.Replicated {
		outputs["shared_key_arn"] = "arn:aws:kms:" + spec.Region + "::key/mrk-0"
		outputs["replication_role_arn"] = "arn:aws:iam:::role/replication"
	}
	return outputs, err
}

func paperEdge(spec aegis.Spec) (map[string]any, error) {
	var params aegis.EdgeSpec
	if err := json.Unmarshal(spec.Parameters, &params); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	if params.Balanced {
		return toMap(BalancedOutputs{ZoneID: "Z0", CertificateARN: "arn:aws:acm:::certificate/0", AppName: appName(params)})
	}
	return toMap(EdgeOutputs{ZoneID: "Z0", HealthCheckID: "0", IngressIP: "192.0.2.1"})
}
