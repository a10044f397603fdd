package aegis

// RepositorySpec sets what an ECR repository keeps. Encryption, tags that never
// move and a scan of each image are not parameters: they are always on.
type RepositorySpec struct {
	// KeepImages is how many tagged images are kept, the newest.
	KeepImages int `json:"keep_images" jsonschema:"minimum=1,maximum=10000"`
	// UntaggedDays is how long an image without a tag is kept.
	UntaggedDays int `json:"untagged_days" jsonschema:"minimum=1,maximum=365"`
}

// LoadBalancerSpec sets the region's Application Load Balancer, which speaks
// HTTPS on both sides.
type LoadBalancerSpec struct {
	// CertificateARN is an issued certificate of ACM in the region; without one,
	// layer edge's is taken, which must be balanced, and its name leads here.
	CertificateARN string `json:"certificate_arn,omitempty" jsonschema:"pattern=^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"`
	// ClientCIDRs are IPv4 ranges that may connect.
	ClientCIDRs []string `json:"client_cidrs" jsonschema:"minItems=1,maxItems=20"`
	// TargetPort is where the nodes listen.
	TargetPort int `json:"target_port" jsonschema:"minimum=1,maximum=65535"`
	// HealthPath is what tells a healthy node, by status 200.
	HealthPath string `json:"health_path" jsonschema:"pattern=^/[A-Za-z0-9._/-]*$"`
	// DrainSeconds is how long a node that goes may finish requests.
	DrainSeconds int `json:"drain_seconds" jsonschema:"minimum=0,maximum=3600"`
	// WebACL has layer security's web ACL of the region guard it.
	WebACL bool `json:"web_acl,omitempty"`
}
