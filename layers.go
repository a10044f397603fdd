package aegis

// Layers of the estate, in the order in which they are created.
const (
	LayerNetwork  = "network"
	LayerSecurity = "security"
	LayerData     = "data"
	LayerRuntime  = "runtime"
	LayerEdge     = "edge"
)

// FlowLogsRole is the name of the workload role that writes flow logs.
const FlowLogsRole = "flow-logs"

// NetworkSpec holds the parameters of layer network.
type NetworkSpec struct {
	// CIDR is the VPC's IPv4 range; its prefix is /16 to /20.
	CIDR string `json:"cidr" jsonschema:"format=cidr,pattern=^[0-9.]+/(1[6-9]|20)$"`
	// Zones is the number of availability zones that get subnets.
	Zones int `json:"zones" jsonschema:"minimum=1,maximum=3"`
	// NAT says how private subnets reach the internet.
	NAT string `json:"nat" jsonschema:"enum=none,enum=single,enum=per_zone"`
	// IngressRules open ports of the workload security group, by name, such as
	// "https".
	IngressRules map[string]IngressRule `json:"ingress_rules"`
	// DataSubnets adds a subnet per zone for data stores: it has no way to the
	// internet, and its network ACL lets nothing in from outside of the VPC.
	DataSubnets bool `json:"data_subnets,omitempty"`
	// FlowLogDays keeps a record of the VPC's connections for so many days, written
	// by the workload role FlowLogsRole of layer security; 0 keeps none.
	FlowLogDays int `json:"flow_log_days,omitempty" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400"`
	// Endpoints keep traffic to AWS's services within the VPC.
	Endpoints *EndpointsSpec `json:"endpoints,omitempty"`
	// Peered requests a connection with the VPC of each region that comes before in
	// the estate, and routes to it; layer edge accepts.
	Peered bool `json:"peered,omitempty"`
	// Deletable lets an operator destroy the stack.
	Deletable bool `json:"deletable,omitempty"`
	// Import has ids of things that were there before, by address such as
	// aws_vpc::main: the stack takes them over. They get its tags and outlive it.
	Import map[string]string `json:"import,omitempty"`
}

// EndpointsSpec lists services by their name in AWS's regions.
type EndpointsSpec struct {
	// Gateway endpoints are routes, and cost nothing.
	Gateway []string `json:"gateway,omitempty" jsonschema:"enum=s3,enum=dynamodb,maxItems=2"`
	// Interface endpoints have an address in each private subnet, paid by the
	// hour, such as "kms" and "ecr.api".
	Interface []string `json:"interface,omitempty" jsonschema:"pattern=^[a-z0-9-]+([.][a-z0-9-]+)*$,maxItems=40"`
}

// IngressRule opens one port range of the workload security group.
type IngressRule struct {
	Protocol string `json:"protocol" jsonschema:"enum=tcp,enum=udp"`
	FromPort int    `json:"from_port" jsonschema:"minimum=0,maximum=65535"`
	ToPort   int    `json:"to_port" jsonschema:"minimum=0,maximum=65535"`
	// CIDRs are IPv4 ranges that may connect.
	CIDRs []string `json:"cidrs" jsonschema:"minItems=1,maxItems=20"`
}

// SecuritySpec holds the parameters of layer security.
type SecuritySpec struct {
	// KeyRotationDays is the rotation period of the KMS keys, in days.
	KeyRotationDays int `json:"key_rotation_days" jsonschema:"minimum=90,maximum=2560"`
	// KeyDeletionWindowDays is how long a deleted key can be restored, in days.
	KeyDeletionWindowDays int `json:"key_deletion_window_days" jsonschema:"minimum=7,maximum=30"`
	// ExecutorSessionSeconds is the longest session of the executor role.
	ExecutorSessionSeconds int `json:"executor_session_seconds" jsonschema:"minimum=3600,maximum=43200"`
	// WorkloadRoles are IAM roles for workloads, by name.
	WorkloadRoles map[string]WorkloadRole `json:"workload_roles"`
	// CloudEvents makes the EventBridge rule and the queue by which the autopilot
	// hears of changes that others make.
	CloudEvents bool `json:"cloud_events,omitempty"`
	// Trail records the account's management calls of all regions; only the
	// primary region's stack makes it.
	Trail *TrailSpec `json:"trail,omitempty"`
	// Recorder has AWS Config record the region's resources.
	Recorder *RecorderSpec `json:"recorder,omitempty"`
	// ThreatDetection is GuardDuty.
	ThreatDetection *ThreatDetectionSpec `json:"threat_detection,omitempty"`
	// SecurityHub needs Recorder: its standards judge what that records.
	SecurityHub *SecurityHubSpec `json:"security_hub,omitempty"`
	// AccessAnalyzer finds what is shared with other accounts.
	AccessAnalyzer bool `json:"access_analyzer,omitempty"`
	// WebACL guards the region's load balancers.
	WebACL *WebACLSpec `json:"web_acl,omitempty"`
	// Stores makes the policy with which the control plane uses what of layer data
	// it keeps things in.
	Stores *StoresSpec `json:"stores,omitempty"`
	// Replicated makes what copies in other regions need: a key with one identity in
	// all regions, for secrets, and the role with which S3 copies objects.
	Replicated bool `json:"replicated,omitempty"`
	// Deletable lets an operator destroy the stack.
	Deletable bool `json:"deletable,omitempty"`
	// Import has ids of things that were there before, by address such as
	// aws_vpc::main: the stack takes them over. They get its tags and outlive it.
	Import map[string]string `json:"import,omitempty"`
}

// StoresSpec names what of the region's layer data the control plane keeps things
// in, each by its name there; at least one.
type StoresSpec struct {
	// Bucket is the bucket of artifacts, Prefix the part of it, without a slash at
	// its end; "" is all of it.
	Bucket string `json:"bucket,omitempty" jsonschema:"maxLength=63"`
	Prefix string `json:"prefix,omitempty" jsonschema:"maxLength=200,pattern=^[A-Za-z0-9._/-]*$"`
	// Stream is the Kinesis stream of events.
	Stream string `json:"stream,omitempty" jsonschema:"maxLength=128"`
	// SearchDomain is the OpenSearch domain of telemetry.
	SearchDomain string `json:"search_domain,omitempty" jsonschema:"maxLength=28"`
}

// WorkloadRole is an IAM role that an AWS service assumes.
type WorkloadRole struct {
	// Service is the service principal, such as "ec2.amazonaws.com".
	Service string `json:"service" jsonschema:"pattern=^([a-z0-9-]+[.])+amazonaws[.]com$"`
	// Actions are the IAM actions that it may call on the estate's resources.
	Actions []string `json:"actions,omitempty" jsonschema:"maxItems=50"`
	// ManagedPolicies are AWS's own, by name, within the permission boundary.
	ManagedPolicies []string `json:"managed_policies,omitempty" jsonschema:"enum=AmazonEC2ContainerRegistryPullOnly,enum=AmazonEKSClusterPolicy,enum=AmazonEKSWorkerNodePolicy,enum=AmazonEKS_CNI_Policy,maxItems=4"`
}

// DataSpec holds the parameters of layer data.
type DataSpec struct {
	// LogRetentionDays is the retention of every log group, in days.
	LogRetentionDays int `json:"log_retention_days" jsonschema:"enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653"`
	// LogGroups are names under /aegis/<environment>/.
	LogGroups []string `json:"log_groups" jsonschema:"maxItems=50"`
	// Streams are Kinesis streams, by name.
	Streams map[string]StreamSpec `json:"streams"`
	// Buckets are S3 buckets, by name.
	Buckets map[string]BucketSpec `json:"buckets"`
	// Settings are SSM parameters, by name, under /aegis/<environment>/.
	Settings map[string]string `json:"settings"`
	// Tables are DynamoDB tables, by name, such as one of locks.
	Tables map[string]TableSpec `json:"tables,omitempty"`
	// Secrets are empty places for secrets in Secrets Manager, by name: values are
	// put there by who knows them, and never stand in a spec or a state.
	Secrets map[string]SecretSpec `json:"secrets,omitempty"`
	// Caches are Redis replication groups of ElastiCache, by name, encrypted at
	// rest and on the way, in the data subnets of layer network.
	Caches map[string]CacheSpec `json:"caches,omitempty"`
	// SearchDomains are OpenSearch domains, by name, encrypted, in the data subnets.
	SearchDomains map[string]SearchSpec `json:"search_domains,omitempty"`
	// Databases are Aurora PostgreSQL clusters, by name, encrypted, in the data
	// subnets.
	Databases map[string]DatabaseSpec `json:"databases,omitempty"`
	// Backup backs up what the stack holds.
	Backup *BackupSpec `json:"backup,omitempty"`
	// Deletable lets an operator destroy the stack.
	Deletable bool `json:"deletable,omitempty"`
	// Import has ids of things that were there before, by address such as
	// aws_vpc::main: the stack takes them over. They get its tags and outlive it.
	Import map[string]string `json:"import,omitempty"`
}

// TableSpec describes a DynamoDB table. Encryption with the region's key and
// point-in-time recovery are always on; it is paid by the request.
type TableSpec struct {
	// HashKey and RangeKey are attributes of type string.
	HashKey  string `json:"hash_key" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]*$,maxLength=100"`
	RangeKey string `json:"range_key,omitempty" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]*$,maxLength=100"`
	// TTLAttribute holds the time, in seconds since 1970, at which an item may be
	// deleted.
	TTLAttribute string `json:"ttl_attribute,omitempty" jsonschema:"pattern=^[A-Za-z][A-Za-z0-9_]*$,maxLength=100"`
	// Deletable leaves out deletion protection.
	Deletable bool `json:"deletable,omitempty"`
}

// SecretSpec describes a secret of Secrets Manager, encrypted with the region's
// key.
type SecretSpec struct {
	Description string `json:"description,omitempty" jsonschema:"maxLength=200"`
	// RecoveryDays is how long a deleted secret can be restored, in days.
	RecoveryDays int `json:"recovery_days" jsonschema:"minimum=7,maximum=30"`
	// ReplicaRegions are other regions of the estate that have a copy, under the
	// same name. The key is then layer security's shared one, which needs
	// replicated there.
	ReplicaRegions []string `json:"replica_regions,omitempty"`
}

// CacheSpec sizes a Redis replication group.
type CacheSpec struct {
	EngineVersion string `json:"engine_version" jsonschema:"enum=6.2,enum=7.0,enum=7.1"`
	// NodeType is a class such as "cache.t4g.small".
	NodeType string `json:"node_type" jsonschema:"pattern=^cache[.][a-z0-9]+[.][a-z0-9]+$"`
	// Shards are the parts of the keyspace. One shard has a primary; more are a
	// Redis cluster.
	Shards int `json:"shards" jsonschema:"minimum=1,maximum=90"`
	// Replicas are the copies of each shard, in other zones, one of which takes
	// over when its primary fails.
	Replicas int `json:"replicas" jsonschema:"minimum=0,maximum=5"`
	// SnapshotDays keeps daily snapshots for so many days; 0 makes none.
	SnapshotDays int `json:"snapshot_days,omitempty" jsonschema:"minimum=0,maximum=35"`
	// Settings are Redis parameters that differ from the defaults.
	Settings map[string]string `json:"settings,omitempty"`
}

// SearchSpec sizes an OpenSearch domain.
type SearchSpec struct {
	EngineVersion string `json:"engine_version" jsonschema:"enum=OpenSearch_2.17,enum=OpenSearch_2.19"`
	// InstanceType is a class such as "r6g.large.search".
	InstanceType string `json:"instance_type" jsonschema:"pattern=^[a-z0-9]+[.][a-z0-9]+[.]search$"`
	// Nodes hold the data: one, or as many in each of two or three zones.
	Nodes int `json:"nodes" jsonschema:"minimum=1,maximum=80"`
	// VolumeGiB is the size of each node's volume.
	VolumeGiB int `json:"volume_gib" jsonschema:"minimum=10,maximum=3072"`
	// MasterNodes are nodes of their own that lead the cluster, an odd number, of
	// class MasterType; 0 leaves that to the nodes with the data.
	MasterNodes int    `json:"master_nodes,omitempty" jsonschema:"enum=0,enum=3,enum=5"`
	MasterType  string `json:"master_type,omitempty" jsonschema:"pattern=^[a-z0-9]+[.][a-z0-9]+[.]search$"`
	// AdminRole is the workload role of layer security that may do everything in
	// the domain. There are no users with passwords.
	AdminRole string `json:"admin_role" jsonschema:"pattern=^[a-z][a-z0-9-]*$"`
}

// DatabaseSpec sizes an Aurora PostgreSQL cluster. Its master password is RDS's
// own, in Secrets Manager, or in a global database drawn and told to nobody;
// connections without TLS are refused; the extension vector may be made; a last
// snapshot is taken when it is deleted.
type DatabaseSpec struct {
	EngineVersion string `json:"engine_version" jsonschema:"enum=15.10,enum=16.6,enum=17.4"`
	// InstanceClass is a class such as "db.r6g.large".
	InstanceClass string `json:"instance_class" jsonschema:"pattern=^db[.][a-z0-9]+[.][a-z0-9]+$"`
	// Instances are the cluster's servers, in zones by turns: the first writes.
	Instances int `json:"instances" jsonschema:"minimum=1,maximum=16"`
	// Database is the name of the first database.
	Database string `json:"database" jsonschema:"pattern=^[a-z][a-z0-9_]{0\\,62}$"`
	// BackupDays is how far back the cluster can be restored to any second.
	BackupDays int `json:"backup_days" jsonschema:"minimum=1,maximum=35"`
	// Global makes the clusters of this name in all regions one database that the
	// primary region's writes.
	Global bool `json:"global,omitempty"`
	// Deletable leaves out deletion protection.
	Deletable bool `json:"deletable,omitempty"`
}

// BackupRole is the name of the workload role that makes backups.
const BackupRole = "backup"

// BackupSpec is a plan of AWS Backup for the resources that bear the stack's
// tag, made by the workload role BackupRole of layer security, in a vault with
// the region's key.
type BackupSpec struct {
	// Schedule is a cron expression of EventBridge, in UTC.
	Schedule string `json:"schedule" jsonschema:"pattern=^cron[(][-0-9A-Z*?/# ]+[)]$,maxLength=60"`
	// DeleteAfterDays is how long backups are kept.
	DeleteAfterDays int `json:"delete_after_days" jsonschema:"minimum=1,maximum=3650"`
	// ColdAfterDays moves backups to cold storage, which keeps them for 90 days or
	// more; 0 never does.
	ColdAfterDays int `json:"cold_after_days,omitempty" jsonschema:"minimum=0,maximum=3560"`
}

// StreamSpec sizes a Kinesis stream.
type StreamSpec struct {
	Shards         int `json:"shards" jsonschema:"minimum=1,maximum=64"`
	RetentionHours int `json:"retention_hours" jsonschema:"minimum=24,maximum=8760"`
}

// BucketSpec sets the lifecycle of an S3 bucket. Encryption, versioning and
// the public access block are not parameters: they are always on.
type BucketSpec struct {
	// ExpireDays deletes current objects after so many days; 0 keeps them.
	ExpireDays int `json:"expire_days" jsonschema:"minimum=0,maximum=3650"`
	// NoncurrentExpireDays deletes old versions after so many days.
	NoncurrentExpireDays int `json:"noncurrent_expire_days" jsonschema:"minimum=1,maximum=3650"`
	// InfrequentDays moves current objects to infrequent access after so many days,
	// 30 or more, ArchiveDays to instant-retrieval archives; 0 never does.
	InfrequentDays int `json:"infrequent_days,omitempty" jsonschema:"minimum=0,maximum=3650"`
	ArchiveDays    int `json:"archive_days,omitempty" jsonschema:"minimum=0,maximum=3650"`
	// Lock keeps every version of every object for a time, as evidence. It is
	// chosen when the bucket is made: to change it later replaces the bucket.
	Lock *ObjectLockSpec `json:"lock,omitempty"`
}

// ObjectLockSpec is the retention of an S3 bucket with object lock.
type ObjectLockSpec struct {
	// Mode is governance, which a special permission overrides, or compliance,
	// which nobody does.
	Mode string `json:"mode" jsonschema:"enum=governance,enum=compliance"`
	Days int    `json:"days" jsonschema:"minimum=1,maximum=3650"`
}

// RuntimeSpec holds the parameters of layer runtime.
type RuntimeSpec struct {
	InstanceType string `json:"instance_type" jsonschema:"pattern=^[a-z][a-z0-9-]*[.][a-z0-9]+$"`
	// NodeMin, NodeDesired and NodeMax bound the Auto Scaling group:
	// NodeMin ≤ NodeDesired ≤ NodeMax.
	NodeMin     int `json:"node_min" jsonschema:"minimum=0,maximum=200"`
	NodeDesired int `json:"node_desired" jsonschema:"minimum=0,maximum=200"`
	NodeMax     int `json:"node_max" jsonschema:"minimum=1,maximum=200"`
	// TargetCPUPercent is the average that target tracking keeps.
	TargetCPUPercent int `json:"target_cpu_percent" jsonschema:"minimum=10,maximum=90"`
	// VolumeGiB is the size of each node's root volume.
	VolumeGiB int `json:"volume_gib" jsonschema:"minimum=8,maximum=1024"`
	// Repositories are ECR repositories under aegis/<environment>/, by name.
	Repositories map[string]RepositorySpec `json:"repositories,omitempty"`
	// ReplicateImagesTo are other regions of the estate that get a copy of every
	// image that is pushed here.
	ReplicateImagesTo []string `json:"replicate_images_to,omitempty" jsonschema:"maxItems=10"`
	// LoadBalancer leads to the nodes from the public subnets.
	LoadBalancer *LoadBalancerSpec `json:"load_balancer,omitempty"`
	// Clusters are EKS clusters in the private subnets, by name.
	Clusters map[string]ClusterSpec `json:"clusters,omitempty"`
	// Deletable lets an operator destroy the stack.
	Deletable bool `json:"deletable,omitempty"`
	// Import has ids of things that were there before, by address such as
	// aws_vpc::main: the stack takes them over. They get its tags and outlive it.
	Import map[string]string `json:"import,omitempty"`
}

// EdgeSpec holds the parameters of layer edge.
type EdgeSpec struct {
	// Domain is the hosted zone, owned by the primary region's stack.
	Domain string `json:"domain" jsonschema:"pattern=^([a-z0-9-]+[.])+[a-z]{2\\,}$"`
	// RecordTTLSeconds is the TTL of the latency records.
	RecordTTLSeconds int             `json:"record_ttl_seconds" jsonschema:"minimum=10,maximum=86400"`
	HealthCheck      HealthCheckSpec `json:"health_check"`
	// Peered accepts the connections that the VPCs of later regions request with this
	// region's, and routes to them; layer network requests.
	Peered bool `json:"peered,omitempty"`
	// Balanced gives app.<domain> a certificate, validated in the zone, for layer
	// runtime's load balancer of the region, which clients come to by a record of that
	// layer then. There is no public address of the region's own, and so no health
	// check and no TTL.
	Balanced bool `json:"balanced,omitempty"`
	// Distribution puts CloudFront before the load balancers of all regions.
	Distribution *DistributionSpec `json:"distribution,omitempty"`
	// ReplicatedBuckets are buckets of the region's layer data, by name, each with
	// the regions to whose bucket of that name S3 copies its objects. It needs
	// replicated in layer security.
	ReplicatedBuckets map[string][]string `json:"replicated_buckets,omitempty"`
	// Deletable lets an operator destroy the stack.
	Deletable bool `json:"deletable,omitempty"`
	// Import has ids of things that were there before, by address such as
	// aws_vpc::main: the stack takes them over. They get its tags and outlive it.
	Import map[string]string `json:"import,omitempty"`
}

// HealthCheckSpec sets a region's Route 53 health check.
type HealthCheckSpec struct {
	Path string `json:"path" jsonschema:"pattern=^/[A-Za-z0-9._/-]*$"`
	Port int    `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// IntervalSeconds is 10 or 30, as Route 53 offers.
	IntervalSeconds  int `json:"interval_seconds" jsonschema:"enum=10,enum=30"`
	FailureThreshold int `json:"failure_threshold" jsonschema:"minimum=1,maximum=10"`
}
