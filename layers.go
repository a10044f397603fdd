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
	// IngressRules open ports of the workload security group.
	IngressRules []IngressRule `json:"ingress_rules" jsonschema:"maxItems=50"`
	// DataSubnets adds a subnet per zone for data stores: it has no way to the
	// internet, and its network ACL lets nothing in from outside of the VPC.
	DataSubnets bool `json:"data_subnets,omitempty"`
	// FlowLogDays keeps a record of the VPC's connections for so many days, written
	// by the workload role FlowLogsRole of layer security; 0 keeps none.
	FlowLogDays int `json:"flow_log_days,omitempty" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400"`
	// Endpoints keep traffic to AWS's services within the VPC.
	Endpoints *EndpointsSpec `json:"endpoints,omitempty"`
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
	// Name is unique in the list, such as "https".
	Name     string `json:"name" jsonschema:"pattern=^[a-z0-9-]+$,maxLength=40"`
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
}

// WorkloadRole is an IAM role that an AWS service assumes.
type WorkloadRole struct {
	// Service is the service principal, such as "ec2.amazonaws.com".
	Service string `json:"service" jsonschema:"pattern=^[a-z0-9-]+[.]amazonaws[.]com$"`
	// Actions are the IAM actions that it may call on the estate's resources.
	Actions []string `json:"actions" jsonschema:"minItems=1,maxItems=50"`
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
}

// EdgeSpec holds the parameters of layer edge.
type EdgeSpec struct {
	// Domain is the hosted zone, owned by the primary region's stack.
	Domain string `json:"domain" jsonschema:"pattern=^([a-z0-9-]+[.])+[a-z]{2\\,}$"`
	// RecordTTLSeconds is the TTL of the latency records.
	RecordTTLSeconds int             `json:"record_ttl_seconds" jsonschema:"minimum=10,maximum=86400"`
	HealthCheck      HealthCheckSpec `json:"health_check"`
}

// HealthCheckSpec sets a region's Route 53 health check.
type HealthCheckSpec struct {
	Path string `json:"path" jsonschema:"pattern=^/[A-Za-z0-9._/-]*$"`
	Port int    `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// IntervalSeconds is 10 or 30, as Route 53 offers.
	IntervalSeconds  int `json:"interval_seconds" jsonschema:"enum=10,enum=30"`
	FailureThreshold int `json:"failure_threshold" jsonschema:"minimum=1,maximum=10"`
}
