package bench

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/aegisworld/aegis"
)

// benchStack is the stack that the gate's benchmarks change.
const benchStack = "bench.runtime.eu-west-1"

// gateInput is a change of n resources as the gate gets them: a mix of types
// as in an estate, creations and updates, with tags and nested values, of
// which no shipped rule should deny any. variant makes inputs differ.
func gateInput(n, variant int) aegis.GateInput {
	diff := make([]aegis.ResourceChange, n)
	inverse := make([]aegis.ResourceChange, n)
	for i := range diff {
		diff[i] = resourceChange(i, variant)
		inverse[i] = diff[i]
		inverse[i].Before, inverse[i].After = diff[i].After, diff[i].Before
		if diff[i].Action == aegis.ActionCreate {
			inverse[i].Action = aegis.ActionDelete
		}
	}
	spec := aegis.Spec{
		Version: aegis.SpecVersion, Layer: aegis.LayerRuntime, Environment: "bench", Region: "eu-west-1",
		Regions: []string{"us-east-1", "eu-west-1"}, Parameters: json.RawMessage(fmt.Sprintf(`{"node_min":2,"node_max":%d}`, 4+variant%4)),
	}
	return aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{
			ChangeSetID: fmt.Sprintf("cs-bench-%d", variant), GoalID: "goal-bench",
			Target:    aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{benchStack}, Regions: []string{"eu-west-1"}},
			Patches:   []aegis.SpecPatch{{StackID: benchStack, BaseRevision: 3, MergePatch: json.RawMessage(`{"node_max":6}`)}},
			RiskScore: 20, RiskFactors: []aegis.RiskFactor{{Code: "update", Points: 16}}, RiskTolerance: aegis.RiskHigh,
			CostDeltaUSDMonth: 12.5, CostUnknown: []string{}, Irreversible: []string{}, Constraints: []string{},
		},
		Diff: diff, Inverse: inverse,
		Stacks: map[string]aegis.Stack{benchStack: {
			StackID: benchStack, Kind: aegis.TargetPulumiStack, Environment: "bench", Layer: aegis.LayerRuntime, Region: "eu-west-1",
			State: aegis.StackClean, Revision: 3, ResourceCount: 5 * n,
		}},
		Specs:  map[string]aegis.Spec{benchStack: spec},
		Source: aegis.SourceGoal, Actor: "planner", Drift: json.RawMessage("null"),
		Budget: aegis.GateBudget{LimitUSDMonth: 10_000, SpentUSDMonth: 900}, Regions: []string{"us-east-1", "eu-west-1"},
		Breakers: []aegis.Breaker{}, History: aegis.History{Promoted: 4},
	}
}

func resourceChange(i, variant int) aegis.ResourceChange {
	kinds := []string{
		"aws_instance", "aws_vpc_security_group_ingress_rule", "aws_s3_bucket", "aws_iam_role_policy", "aws_subnet",
		"aws_autoscaling_group", "aws_cloudwatch_log_group", "aws_lb_listener", "aws_ssm_parameter", "aws_cloudwatch_metric_alarm",
	}
	kind := kinds[i%len(kinds)]
	c := aegis.ResourceChange{
		StackID: benchStack, Address: fmt.Sprintf("%s::bench-%d", kind, i), Type: kind, Region: "eu-west-1", Action: aegis.ActionCreate,
		After: attributes(kind, i, variant), Unknown: []string{"arn", "id"}, Sensitive: []string{},
	}
	if i%3 == 0 {
		c.Action, c.Before = aegis.ActionUpdate, attributes(kind, i, variant+1)
	}
	return c
}

// attributes are those that the type has in an estate.
func attributes(kind string, i, variant int) map[string]any {
	a := map[string]any{
		"name": fmt.Sprintf("bench-%d-%d", i, variant), "region": "eu-west-1", "description": fmt.Sprintf("revision %d", variant),
		"tags": map[string]any{
			"aegis:stack": benchStack, "aegis:layer": "runtime", "aegis:environment": "bench", "Name": fmt.Sprintf("bench-%d", i),
			"owner": "platform", "cost-center": "4711",
		},
	}
	var more map[string]any
	switch kind {
	case "aws_instance":
		more = map[string]any{
			"instance_type": "t3.small", "subnet_id": "subnet-0a1b2c3d", "associate_public_ip_address": false,
			"metadata_options":  map[string]any{"http_tokens": "required", "http_endpoint": "enabled"},
			"root_block_device": map[string]any{"encrypted": true, "volume_size": 20, "volume_type": "gp3"},
		}
	case "aws_vpc_security_group_ingress_rule":
		more = map[string]any{
			"security_group_id": "sg-01234567", "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": fmt.Sprintf("10.%d.0.0/16", i%200),
		}
	case "aws_s3_bucket":
		more = map[string]any{"bucket": fmt.Sprintf("bench-%d", i), "force_destroy": false, "object_lock_enabled": true}
	case "aws_iam_role_policy":
		more = map[string]any{"role": "aegis-bench-node", "policy": fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::bench-%d/*"}]}`, i)}
	case "aws_subnet":
		more = map[string]any{"cidr_block": fmt.Sprintf("10.%d.1.0/24", i%200), "map_public_ip_on_launch": false, "vpc_id": "vpc-0a1b2c3d"}
	case "aws_autoscaling_group":
		more = map[string]any{"min_size": 2, "max_size": 6, "desired_capacity": 2 + variant%2, "vpc_zone_identifier": []any{"subnet-1", "subnet-2"}}
	case "aws_cloudwatch_log_group":
		more = map[string]any{"retention_in_days": 90, "kms_key_id": "arn:aws:kms:eu-west-1:111122223333:key/bench"}
	case "aws_lb_listener":
		more = map[string]any{"port": 443, "protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}
	case "aws_ssm_parameter":
		more = map[string]any{"type": "String", "value": fmt.Sprintf("v%d", variant), "tier": "Standard"}
	default:
		more = map[string]any{"comparison_operator": "GreaterThanThreshold", "evaluation_periods": 3, "threshold": 80}
	}
	maps.Copy(a, more)
	return a
}
