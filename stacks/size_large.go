package stacks

import (
	"slices"

	"github.com/aegisworld/aegis"
)

// large are the numbers by which the pilot and the full estate differ; they are
// the same in every region.
type large struct {
	instanceType                  string
	nodeMin, nodeDesired, nodeMax int
	volumeGiB                     int
	shards                        int
	databaseClass                 string
	databaseInstances             int
	cacheType                     string
	cacheShards                   int
	searchType, searchMasterType  string
	searchNodes, searchGiB        int
	rateLimit                     int
	cluster                       aegis.NodeGroupSpec
}

func largeOf(size string) large {
	if size == SizeFull {
		return large{
			instanceType: "m5.4xlarge", nodeMin: 12, nodeDesired: 24, nodeMax: 96, volumeGiB: 400, shards: 32,
			databaseClass: "db.r6g.4xlarge", databaseInstances: 3,
			cacheType: "cache.r7g.2xlarge", cacheShards: 4,
			searchType: "r6g.4xlarge.search", searchMasterType: "m6g.xlarge.search", searchNodes: 9, searchGiB: 1000, rateLimit: 20000,
			cluster: aegis.NodeGroupSpec{InstanceTypes: []string{"m5.2xlarge"}, Min: 3, Desired: 6, Max: 24, VolumeGiB: 200},
		}
	}
	return large{
		instanceType: "m5.4xlarge", nodeMin: 8, nodeDesired: 16, nodeMax: 64, volumeGiB: 200, shards: 8,
		databaseClass: "db.r6g.2xlarge", databaseInstances: 2,
		cacheType: "cache.r7g.xlarge", cacheShards: 2,
		searchType: "r6g.2xlarge.search", searchMasterType: "m6g.large.search", searchNodes: 6, searchGiB: 500, rateLimit: 10000,
		cluster: aegis.NodeGroupSpec{InstanceTypes: []string{"m5.xlarge"}, Min: 3, Desired: 3, Max: 12, VolumeGiB: 100},
	}
}

func networkOf(size string, n int) aegis.NetworkSpec {
	spec := smallNetwork(n)
	if size == SizeSmall {
		return spec
	}
	spec.NAT = "per_zone"
	spec.DataSubnets, spec.FlowLogDays, spec.Peered = true, 30, true
	spec.Endpoints = &aegis.EndpointsSpec{
		Gateway:   []string{"s3", "dynamodb"},
		Interface: []string{"ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sts"},
	}
	return spec
}

// searchRole may do everything in the search domains.
const searchRole = "search"

func securityOf(size string, regions []string) aegis.SecuritySpec {
	spec := smallSecurity()
	if size == SizeSmall {
		return spec
	}
	spec.CloudEvents, spec.Replicated = true, len(regions) > 1
	spec.WorkloadRoles[aegis.FlowLogsRole] = aegis.WorkloadRole{Service: serviceFlowLogs, Actions: []string{
		"logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents",
	}}
	spec.WorkloadRoles[aegis.BackupRole] = aegis.WorkloadRole{Service: "backup.amazonaws.com", Actions: []string{
		"dynamodb:CreateBackup", "dynamodb:DescribeTable",
	}}
	spec.WorkloadRoles[searchRole] = aegis.WorkloadRole{Service: serviceEC2, Actions: []string{"es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"}}
	spec.WorkloadRoles[aegis.ClusterRole] = aegis.WorkloadRole{Service: serviceEKS, ManagedPolicies: []string{"AmazonEKSClusterPolicy"}}
	spec.WorkloadRoles[aegis.ClusterNodeRole] = aegis.WorkloadRole{Service: serviceEC2, ManagedPolicies: []string{
		"AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy",
	}}
	spec.WorkloadRoles[aegis.ControlPlaneRole] = aegis.WorkloadRole{Service: servicePods}
	spec.Stores = &aegis.StoresSpec{Bucket: "artifacts", Prefix: "control", Stream: "events", SearchDomain: "telemetry"}
	spec.Trail = &aegis.TrailSpec{RetentionDays: 400}
	spec.Recorder = &aegis.RecorderSpec{Frequency: "CONTINUOUS", SnapshotHours: 24, RetentionDays: 400}
	spec.ThreatDetection = &aegis.ThreatDetectionSpec{FindingMinutes: 15}
	spec.SecurityHub = &aegis.SecurityHubSpec{Standards: []string{"aws-foundational-security-best-practices/1.0.0"}, AutoEnableControls: true}
	spec.AccessAnalyzer = true
	spec.WebACL = &aegis.WebACLSpec{RateLimit: largeOf(size).rateLimit, ManagedRules: []string{
		"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet",
	}}
	return spec
}

// dataOf is the nth region's. The first has the secrets, and the others copies.
func dataOf(size, environment string, regions []string, n int) aegis.DataSpec {
	spec := smallData(environment)
	if size == SizeSmall {
		return spec
	}
	l := largeOf(size)
	spec.LogRetentionDays = 90
	spec.LogGroups = []string{"app", "audit", "gateway", "jobs"}
	spec.Streams = map[string]aegis.StreamSpec{
		"events":    {Shards: l.shards, RetentionHours: 72},
		"telemetry": {Shards: l.shards, RetentionHours: 24},
	}
	spec.Buckets = map[string]aegis.BucketSpec{
		"artifacts": {NoncurrentExpireDays: 90, InfrequentDays: 60},
		"evidence":  {NoncurrentExpireDays: 400, ArchiveDays: 90, Lock: &aegis.ObjectLockSpec{Mode: "governance", Days: 365}},
		"traces":    {ExpireDays: 90, NoncurrentExpireDays: 7},
	}
	spec.Tables = map[string]aegis.TableSpec{"locks": {HashKey: "LockID", TTLAttribute: "expires"}}
	if n == 0 {
		spec.Secrets = map[string]aegis.SecretSpec{
			"signing": {Description: "Keys that sign what the platform sends", RecoveryDays: 30, ReplicaRegions: regions[1:]},
			"webhook": {Description: "Secrets of webhook endpoints", RecoveryDays: 30, ReplicaRegions: regions[1:]},
		}
	}
	spec.Databases = map[string]aegis.DatabaseSpec{"main": {
		EngineVersion: "16.6", InstanceClass: l.databaseClass, Instances: l.databaseInstances, Database: "aegis", BackupDays: 14, Global: true,
	}}
	spec.Caches = map[string]aegis.CacheSpec{"hot": {
		EngineVersion: "7.1", NodeType: l.cacheType, Shards: l.cacheShards, Replicas: 2, SnapshotDays: 7,
		Settings: map[string]string{"maxmemory-policy": "allkeys-lru"},
	}}
	spec.SearchDomains = map[string]aegis.SearchSpec{"telemetry": {
		EngineVersion: "OpenSearch_2.19", InstanceType: l.searchType, Nodes: l.searchNodes, VolumeGiB: l.searchGiB,
		MasterNodes: 3, MasterType: l.searchMasterType, AdminRole: searchRole,
	}}
	spec.Backup = &aegis.BackupSpec{Schedule: "cron(0 5 * * ? *)", DeleteAfterDays: 35}
	return spec
}

// runtimeOf is the nth region's. Images are pushed to the first and copied to the
// others.
func runtimeOf(size string, regions []string, n int) aegis.RuntimeSpec {
	spec := smallRuntime()
	if size == SizeSmall {
		return spec
	}
	l := largeOf(size)
	spec.InstanceType, spec.VolumeGiB = l.instanceType, l.volumeGiB
	spec.NodeMin, spec.NodeDesired, spec.NodeMax = l.nodeMin, l.nodeDesired, l.nodeMax
	if n == 0 {
		spec.Repositories = map[string]aegis.RepositorySpec{
			"app": {KeepImages: 200, UntaggedDays: 7}, "jobs": {KeepImages: 100, UntaggedDays: 7},
		}
		spec.ReplicateImagesTo = regions[1:]
	}
	spec.LoadBalancer = &aegis.LoadBalancerSpec{
		ClientCIDRs: []string{"0.0.0.0/0"}, TargetPort: 8443, HealthPath: "/healthz", DrainSeconds: 60, WebACL: true,
	}
	spec.Clusters = map[string]aegis.ClusterSpec{"main": {
		Version: "1.33", NodeGroups: map[string]aegis.NodeGroupSpec{"general": l.cluster}, ExecutorAdmin: true,
		PodIdentities: map[string]aegis.PodIdentitySpec{
			"control-plane": {Namespace: "aegis", ServiceAccount: "aegis", Role: aegis.ControlPlaneRole},
		},
	}}
	return spec
}

// edgeOf is the nth region's. Its buckets are copied to the next region, the last
// one's to the first; a distribution is where a region can make it.
func edgeOf(size, environment string, regions []string, n int) aegis.EdgeSpec {
	spec := smallEdge(environment)
	if size == SizeSmall {
		return spec
	}
	spec.Peered, spec.Balanced = true, true
	if len(regions) > 1 {
		next := []string{regions[(n+1)%len(regions)]}
		spec.ReplicatedBuckets = map[string][]string{"artifacts": next, "evidence": next}
	}
	if !slices.Contains(regions, distributionRegion) {
		return spec
	}
	spec.Distribution = &aegis.DistributionSpec{
		Name: "www", CachedPaths: []string{"/static/*"}, PriceClass: "all", WebACL: &aegis.WebACLSpec{
			RateLimit: largeOf(size).rateLimit, ManagedRules: []string{"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet"},
		},
	}
	return spec
}
