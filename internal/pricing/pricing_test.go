package pricing

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func table(t *testing.T) *Table {
	t.Helper()
	loaded, err := Load()
	require.NoError(t, err)
	return loaded
}

// managed are the attributes of a node group of three nodes.
func managed(scaling any) map[string]any {
	return map[string]any{"scaling_config": scaling, "tags": map[string]any{"aegis:instance_type": "t3.small", "aegis:volume_gib": "20"}}
}

func group(desired any, instanceType string) map[string]any {
	return map[string]any{"desired_capacity": desired, "tag": []any{
		map[string]any{"key": "aegis:instance_type", "value": instanceType, "propagate_at_launch": false},
		map[string]any{"key": "aegis:volume_gib", "value": "20"},
	}}
}

func TestMonthly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resourceType, region string
		attrs                map[string]any
		want                 float64
	}{
		"group":                      {"aws_autoscaling_group", "us-east-1", group(2.0, "t3.small"), 2 * (0.0208*730 + 20*0.08)},
		"group elsewhere":            {"aws_autoscaling_group", "eu-west-1", group(2, "t3.small"), 2 * (0.0228*730 + 20*0.088)},
		"group in a region by guess": {"aws_autoscaling_group", "sa-east-1", group("1", "t3.small"), 1.2 * (0.0208*730 + 20*0.08)},
		"stream":                     {"aws_kinesis_stream", "us-east-1", map[string]any{"shard_count": json.Number("3")}, 3 * 0.015 * 730},
		"stream that keeps longer":   {"aws_kinesis_stream", "us-east-1", map[string]any{"shard_count": 1, "retention_period": 48}, 0.035 * 730},
		"address":                    {"aws_eip", "us-east-1", nil, 3.65},
		"NAT gateway":                {"aws_nat_gateway", "ap-southeast-1", nil, 0.059 * 730},
		"interface endpoint":         {"aws_vpc_endpoint", "eu-west-1", map[string]any{"vpc_endpoint_type": "Interface", "subnet_ids": []any{"a", "b"}}, 2 * 0.011 * 730},
		"gateway endpoint":           {"aws_vpc_endpoint", "eu-west-1", map[string]any{"vpc_endpoint_type": "Gateway"}, 0},
		"health check":               {"aws_route53_health_check", "", map[string]any{"type": "HTTPS", "request_interval": 10}, 2.5},
		"bucket":                     {"aws_s3_bucket", "us-east-1", nil, 0},
		"key":                        {"aws_kms_key", "us-east-1", nil, 1},
		"cluster":                    {"aws_eks_cluster", "eu-west-1", nil, 0.1 * 730},
		"managed nodes":              {"aws_eks_node_group", "us-east-1", managed([]any{map[string]any{"desired_size": 3.0}}), 3 * (0.0208*730 + 20*0.08)},
		"managed nodes on paper":     {"aws_eks_node_group", "us-east-1", managed(map[string]any{"desiredSize": 3}), 3 * (0.0208*730 + 20*0.08)},
		"load balancer":              {"aws_lb", "eu-west-1", nil, 0.0252 * 730},
		"web ACL":                    {"aws_wafv2_web_acl", "us-east-1", map[string]any{"rule": []any{1, 2}}, 7},
	} {
		t.Run("prices a "+name, func(t *testing.T) {
			t.Parallel()
			got, known := table(t).Monthly(test.resourceType, test.region, test.attrs)
			require.True(t, known)
			require.InDelta(t, test.want, got, 1e-9)
		})
	}
}

func TestMonthlyUnknown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resourceType string
		attrs        map[string]any
	}{
		"type":          {"aws_redshift_cluster", nil},
		"instance type": {"aws_autoscaling_group", group(2, "x9.mega")},
		"group tag":     {"aws_autoscaling_group", map[string]any{"desired_capacity": 2}},
		"shard count":   {"aws_kinesis_stream", nil},
	} {
		t.Run("does not guess without a known "+name, func(t *testing.T) {
			t.Parallel()
			_, known := table(t).Monthly(test.resourceType, "us-east-1", test.attrs)
			require.False(t, known)
		})
	}
}

func TestDelta(t *testing.T) {
	t.Parallel()
	usd, unknown := table(t).Delta([]aegis.ResourceChange{
		{Address: "group", Type: "aws_autoscaling_group", Region: "us-east-1", Action: aegis.ActionUpdate, Before: group(2, "t3.small"), After: group(4, "t3.small")},
		{Address: "zone", Type: "aws_route53_zone", Action: aegis.ActionCreate, After: map[string]any{}},
		{Address: "address", Type: "aws_eip", Action: aegis.ActionDelete, Before: map[string]any{}},
		{Address: "odd", Type: "aws_odd_thing", Action: aegis.ActionCreate, After: map[string]any{}},
		{Address: "later", Type: "aws_kinesis_stream", Action: aegis.ActionCreate, After: map[string]any{"shard_count": 1}, Unknown: []string{"shard_count"}},
	})
	require.InDelta(t, 33.57+0.5-3.65, usd, 0.01)
	require.Equal(t, []string{"odd", "later"}, unknown)
}

func TestDeltaOfInverse(t *testing.T) {
	t.Parallel()
	prices := table(t)
	rapid.Check(t, func(t *rapid.T) {
		change := aegis.ResourceChange{
			Type: "aws_autoscaling_group", Region: rapid.SampledFrom([]string{"us-east-1", "eu-west-1", "eu-north-1"}).Draw(t, "region"),
			Before: group(rapid.IntRange(0, 200).Draw(t, "before"), "t3.small"),
			After:  group(rapid.IntRange(0, 200).Draw(t, "after"), "m5.large"),
		}
		there, _ := prices.Delta([]aegis.ResourceChange{change})
		change.Before, change.After = change.After, change.Before
		back, _ := prices.Delta([]aegis.ResourceChange{change})
		require.InDelta(t, 0, there+back, 1e-9)
	})
}

func TestParseRefusesIncompleteTables(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `{}`, `{"as_of":"soon","source":"x"}`, `{"as_of":"2025-01-01","source":"x","currency":"USD"}`} {
		_, err := parse([]byte(text))
		require.ErrorContains(t, err, "read price table")
	}
}
