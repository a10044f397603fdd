package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const redisPort = 6379

// caches declares Redis replication groups that speak TLS only.
func caches(s *stack, keyARN string, network NetworkOutputs, caches map[string]aegis.CacheSpec) error {
	if len(caches) == 0 {
		return nil
	}
	group, err := serverGroup(s, "cache", network, redisPort)
	if err != nil {
		return err
	}
	subnets, err := elasticache.NewSubnetGroup(s.ctx, "cache", &elasticache.SubnetGroupArgs{
		Name: pulumi.String(s.local("cache")), SubnetIds: pulumi.ToStringArray(network.DataSubnetIDs),
	}, s.opts()...)
	if err != nil {
		return err
	}
	endpoints := pulumi.StringMap{}
	for _, name := range sortedKeys(caches) {
		made, err := cache(s, name, keyARN, caches[name], group, subnets)
		if err != nil {
			return err
		}
		endpoints[name] = made.PrimaryEndpointAddress
		if caches[name].Shards > 1 {
			endpoints[name] = made.ConfigurationEndpointAddress
		}
		s.check("cache "+name+" available", "aws_elasticache_replication_group", made.ReplicationGroupId, map[string]string{"status": "available"})
	}
	s.output("cache_endpoints", endpoints)
	return nil
}

func cache(s *stack, name, keyARN string, spec aegis.CacheSpec, group *ec2.SecurityGroup, subnets *elasticache.SubnetGroup) (*elasticache.ReplicationGroup, error) {
	parameters, err := cacheParameters(s, name, spec)
	if err != nil {
		return nil, err
	}
	args := &elasticache.ReplicationGroupArgs{
		ReplicationGroupId:       pulumi.String(s.local(name)),
		Description:              pulumi.String(s.local(name)),
		Engine:                   pulumi.String("redis"),
		EngineVersion:            pulumi.String(spec.EngineVersion),
		NodeType:                 pulumi.String(spec.NodeType),
		AutomaticFailoverEnabled: pulumi.Bool(spec.Replicas > 0),
		MultiAzEnabled:           pulumi.Bool(spec.Replicas > 0),
		AtRestEncryptionEnabled:  pulumi.Bool(true),
		TransitEncryptionEnabled: pulumi.Bool(true),
		KmsKeyId:                 pulumi.String(keyARN),
		SubnetGroupName:          subnets.Name,
		ParameterGroupName:       parameters.Name,
		SecurityGroupIds:         pulumi.StringArray{group.ID()},
		SnapshotRetentionLimit:   pulumi.Int(spec.SnapshotDays),
		ApplyImmediately:         pulumi.Bool(true),
	}
	if spec.Shards > 1 {
		args.NumNodeGroups, args.ReplicasPerNodeGroup = pulumi.Int(spec.Shards), pulumi.Int(spec.Replicas)
	} else {
		args.NumCacheClusters = pulumi.Int(1 + spec.Replicas)
	}
	return elasticache.NewReplicationGroup(s.ctx, name, args, s.opts()...)
}

// cacheParameters declares the group's parameters, with cluster mode where there
// are shards.
func cacheParameters(s *stack, name string, spec aegis.CacheSpec) (*elasticache.ParameterGroup, error) {
	settings := elasticache.ParameterGroupParameterArray{}
	if spec.Shards > 1 {
		settings = append(settings, elasticache.ParameterGroupParameterArgs{Name: pulumi.String(clusterEnabled), Value: pulumi.String("yes")})
	}
	for _, setting := range sortedKeys(spec.Settings) {
		settings = append(settings, elasticache.ParameterGroupParameterArgs{
			Name: pulumi.String(setting), Value: pulumi.String(spec.Settings[setting]),
		})
	}
	return elasticache.NewParameterGroup(s.ctx, name, &elasticache.ParameterGroupArgs{
		Name: pulumi.String(s.local(name)), Family: pulumi.String(redisFamily(spec.EngineVersion)), Parameters: settings,
	}, s.opts()...)
}

// clusterEnabled is the parameter that makes shards possible.
const clusterEnabled = "cluster-enabled"

// redisFamily is the parameter family of a version.
func redisFamily(version string) string {
	if strings.HasPrefix(version, "6.") {
		return "redis6.x"
	}
	return "redis7"
}
