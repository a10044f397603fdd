package policies_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// BenchmarkDecide10 and BenchmarkDecide200 judge a change of so many resources
// of mixed types with every pack on. p99-ms is the slowest decision but one in
// a hundred.
func BenchmarkDecide10(b *testing.B) { benchmarkDecide(b, 10) }

func BenchmarkDecide200(b *testing.B) { benchmarkDecide(b, 200) }

func benchmarkDecide(b *testing.B, resources int) {
	b.Helper()
	g := newGate(b, policies.Options{})
	in := mixed(resources)
	require.Empty(b, g.Decide(b.Context(), in).Deny)
	took := make([]time.Duration, 0, 1000)
	for b.Loop() {
		began := time.Now()
		g.Decide(b.Context(), in)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
	b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// mixed is a goal's change of n resources in two regions: half created, half
// updated, of the types that an estate has most of.
func mixed(n int) aegis.GateInput {
	in := scaling(0)
	in.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	kinds := kinds()
	for i := range n {
		kind := kinds[i%len(kinds)]
		c := aegis.ResourceChange{
			StackID: "dev.runtime.eu-west-1", Type: kind.name, Address: fmt.Sprintf("%s::thing-%d", kind.name, i),
			Region: "eu-west-1", Action: aegis.ActionCreate, After: attributes(kind, i), Unknown: []string{"vpc_id"}, Sensitive: []string{},
		}
		undo := c
		undo.Action, undo.Before, undo.After = aegis.ActionDelete, c.After, nil
		if i%2 == 1 {
			c.Action, c.Before = aegis.ActionUpdate, attributes(kind, i+1)
			undo = c
			undo.Before, undo.After = c.After, c.Before
		}
		in.Diff, in.Inverse = append(in.Diff, c), append(in.Inverse, undo)
	}
	return in
}

// kind is a type of resource, with attributes that policy has nothing against.
type kind struct {
	name       string
	attributes map[string]any
}

func attributes(k kind, i int) map[string]any {
	all := map[string]any{"name": fmt.Sprintf("aegis-dev-thing-%d", i), "description": "one of many", "tags": map[string]any{
		"Name": fmt.Sprintf("thing-%d", i), "aegis:stack": "dev.runtime.eu-west-1", "aegis:layer": "runtime", "aegis:environment": "dev",
		"aegis:address": fmt.Sprintf("%s::thing-%d", k.name, i),
	}}
	maps.Copy(all, k.attributes)
	return all
}

func kinds() []kind {
	grant := `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","kms:Decrypt"],` +
		`"Resource":["arn:aws:s3:::aegis-dev-artifacts/*"]}]}`
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`
	return []kind{
		{"aws_vpc_security_group_ingress_rule", map[string]any{"ip_protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/8"}},
		{"aws_security_group", map[string]any{"vpc_id": "vpc-1", "egress": []any{map[string]any{
			"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": []any{"0.0.0.0/0"},
		}}}},
		{"aws_iam_role", map[string]any{"assume_role_policy": trust, "permissions_boundary": "arn:aws:iam::123456789012:policy/aegis-dev-boundary"}},
		{"aws_iam_role_policy", map[string]any{"policy": grant, "role": "aegis-dev-node"}},
		{"aws_s3_bucket", map[string]any{"bucket": "aegis-dev-artifacts", "lifecycle_rule": []any{map[string]any{"enabled": true, "id": "expire"}}}},
		{"aws_s3_bucket_public_access_block", map[string]any{
			"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true,
		}},
		{"aws_kinesis_stream", map[string]any{"encryption_type": "KMS", "kms_key_id": "arn:key", "shard_count": 1, "retention_period": 24}},
		{"aws_cloudwatch_log_group", map[string]any{"retention_in_days": 30, "kms_key_id": "arn:key"}},
		{"aws_kms_key", map[string]any{"enable_key_rotation": true, "deletion_window_in_days": 30, "policy": grant}},
		{"aws_autoscaling_group", map[string]any{
			"desired_capacity": 2, "min_size": 2, "max_size": 4, "vpc_zone_identifier": []any{"subnet-1", "subnet-2"},
		}},
		{"aws_launch_template", map[string]any{
			"instance_type": "m7g.large", "metadata_options": map[string]any{"http_tokens": "required"},
			"block_device_mappings": []any{map[string]any{"ebs": map[string]any{"encrypted": "true", "volume_size": 20}}},
		}},
		{"aws_subnet", map[string]any{"cidr_block": "10.0.1.0/24", "availability_zone": "eu-west-1a"}},
		{"aws_route53_record", map[string]any{"type": "A", "ttl": 60, "records": []any{"192.0.2.1"}}},
		{"aws_ssm_parameter", map[string]any{"type": "String", "value": "info"}},
		{"aws_rds_cluster", map[string]any{
			"storage_encrypted": true, "deletion_protection": true, "backup_retention_period": 14, "engine_version": "16.4",
		}},
		{"aws_dynamodb_table", map[string]any{
			"deletion_protection_enabled": true, "point_in_time_recovery": []any{map[string]any{"enabled": true}},
		}},
		{"aws_sqs_queue", map[string]any{"sqs_managed_sse_enabled": true, "visibility_timeout_seconds": 30}},
		{"aws_lambda_function", map[string]any{"runtime": "provided.al2023", "environment": []any{map[string]any{
			"variables": map[string]any{"LOG_LEVEL": "info"},
		}}}},
		{"aws_lb_listener", map[string]any{"protocol": "HTTPS", "port": 443, "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}},
		{"aws_wafv2_web_acl", map[string]any{"scope": "REGIONAL", "rule": []any{map[string]any{"name": "rate", "priority": 1}}}},
	}
}
