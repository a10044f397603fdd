package pricing

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServersMonthly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resourceType, region string
		attrs                map[string]any
		want                 float64
	}{
		"cache":             {"aws_elasticache_replication_group", "us-east-1", map[string]any{"node_type": "cache.t4g.small", "num_cache_clusters": 2}, 2 * 0.032 * 730},
		"cache with shards": {"aws_elasticache_replication_group", "us-east-1", map[string]any{"node_type": "cache.t4g.small", "num_node_groups": 3, "replicas_per_node_group": 1.0}, 6 * 0.032 * 730},
		"cache elsewhere":   {"aws_elasticache_replication_group", "eu-west-1", map[string]any{"node_type": "cache.t4g.small", "num_cache_clusters": 1}, 1.2 * 0.032 * 730},
		"domain": {"aws_opensearch_domain", "us-east-1", map[string]any{
			"cluster_config": []any{map[string]any{"instance_type": "r6g.large.search", "instance_count": 3, "dedicated_master_count": 3, "dedicated_master_type": "m6g.large.search"}},
			"ebs_options":    []any{map[string]any{"volume_size": 100}},
		}, 3*(0.167*730+100*0.122) + 3*0.128*730},
		"secret with copies":           {"aws_secretsmanager_secret", "us-east-1", map[string]any{"replica": []any{map[string]any{}, map[string]any{}}}, 3 * 0.4},
		"secret with copies in Pulumi": {"aws_secretsmanager_secret", "us-east-1", map[string]any{"replicas": []any{map[string]any{}}}, 2 * 0.4},
		"replica of a key":             {"aws_kms_replica_key", "us-east-1", nil, 1},
		"domain as Pulumi has it": {"aws_opensearch_domain", "us-east-1", map[string]any{
			"cluster_config": map[string]any{"instanceType": "t3.small.search", "instanceCount": 1}, "ebs_options": map[string]any{"volumeSize": 10},
		}, 0.036*730 + 1.22},
	} {
		t.Run("prices a "+name, func(t *testing.T) {
			t.Parallel()
			got, known := table(t).Monthly(test.resourceType, test.region, test.attrs)
			require.True(t, known)
			require.InDelta(t, test.want, got, 1e-9)
		})
	}
	_, known := table(t).Monthly("aws_opensearch_domain", "us-east-1", map[string]any{"cluster_config": map[string]any{"instanceType": "z.z.search", "instanceCount": 1}})
	require.False(t, known)
}
