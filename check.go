package aegis

// CheckKind is the kind of a stack's check.
type CheckKind string

// The kinds of check.
const (
	// CheckHTTP is an HTTP GET that must answer below 400.
	CheckHTTP CheckKind = "http"
	// CheckAWSHealth asks an AWS API whether a resource is in good state.
	CheckAWSHealth CheckKind = "aws_health"
	// CheckMetric compares a CloudWatch metric with a threshold.
	CheckMetric CheckKind = "metric"
	// CheckPolicy is how a policy bundle judged beside the running one; no stack
	// declares it.
	CheckPolicy CheckKind = "policy"
)

// Check is a condition that a stack declares about itself in its output
// "checks"; canary and verify judge them.
type Check struct {
	Name string    `json:"name"`
	Kind CheckKind `json:"kind"`
	// Region is where the resource lives.
	Region string `json:"region"`
	// URL is for CheckHTTP.
	URL string `json:"url,omitempty"`
	// ResourceType and ResourceID are for CheckAWSHealth: a Terraform type,
	// such as "aws_autoscaling_group", and its id.
	ResourceType string `json:"resource_type,omitempty"`
	ResourceID   string `json:"resource_id,omitempty"`
	// Expect holds attributes that must be equal, such as
	// {"desired_capacity":"4"} or {"status":"ACTIVE"}.
	Expect map[string]string `json:"expect,omitempty"`
	// Namespace, Metric, Dimensions, Comparison (">" or "<") and Threshold are
	// for CheckMetric: the check fails while the comparison holds. No data is
	// no failure.
	Namespace  string            `json:"namespace,omitempty"`
	Metric     string            `json:"metric,omitempty"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Comparison string            `json:"comparison,omitempty"`
	Threshold  float64           `json:"threshold,omitempty"`
}

// CheckResult is how one check came out.
type CheckResult struct {
	Name    string    `json:"name"`
	Kind    CheckKind `json:"kind"`
	Passed  bool      `json:"passed"`
	Message string    `json:"message"`
}
