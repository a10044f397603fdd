package aegis

// Workload roles of layer security that EKS clusters use.
const (
	// ClusterRole is assumed by eks.amazonaws.com for the control plane.
	ClusterRole = "cluster"
	// ClusterNodeRole is assumed by ec2.amazonaws.com for managed nodes.
	ClusterNodeRole = "cluster-node"
	// ControlPlaneRole is assumed by pods of the control plane; it has the policy of
	// its stores.
	ControlPlaneRole = "control-plane"
)

// ClusterSpec sets an EKS cluster. Its secrets are encrypted, all logs of its
// control plane are kept, access is by entries alone, and the add-ons vpc-cni,
// kube-proxy, eks-pod-identity-agent and coredns are always there: these are not
// parameters.
type ClusterSpec struct {
	// Version is that of Kubernetes, such as "1.33".
	Version string `json:"version" jsonschema:"pattern=^1[.][0-9]{2}$"`
	// PublicCIDRs are IPv4 ranges that may reach the API from outside; without
	// any it is private.
	PublicCIDRs []string `json:"public_cidrs,omitempty" jsonschema:"maxItems=20"`
	// NodeGroups are managed, by name.
	NodeGroups map[string]NodeGroupSpec `json:"node_groups"`
	// AddonVersions fix versions of add-ons; EKS chooses the others'.
	AddonVersions map[string]string `json:"addon_versions,omitempty"`
	// Admins are ARNs of IAM roles that administer the cluster.
	Admins []string `json:"admins,omitempty" jsonschema:"maxItems=20"`
	// ExecutorAdmin has the region's executor role administer the cluster.
	ExecutorAdmin bool `json:"executor_admin,omitempty"`
	// PodIdentities give roles to service accounts, by name.
	PodIdentities map[string]PodIdentitySpec `json:"pod_identities,omitempty"`
}

// NodeGroupSpec sets a managed node group: Min ≤ Desired ≤ Max.
type NodeGroupSpec struct {
	// InstanceTypes are of one processor architecture, the preferred first.
	InstanceTypes []string `json:"instance_types" jsonschema:"minItems=1,maxItems=20"`
	Min           int      `json:"min" jsonschema:"minimum=0,maximum=200"`
	Desired       int      `json:"desired" jsonschema:"minimum=0,maximum=200"`
	Max           int      `json:"max" jsonschema:"minimum=1,maximum=200"`
	// VolumeGiB is the size of each node's root volume.
	VolumeGiB int `json:"volume_gib" jsonschema:"minimum=20,maximum=1024"`
}

// PodIdentitySpec lets the pods of a service account assume a role.
type PodIdentitySpec struct {
	Namespace      string `json:"namespace" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?$"`
	ServiceAccount string `json:"service_account" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?$"`
	// Role is a workload role of layer security with service pods.eks.amazonaws.com.
	Role string `json:"role" jsonschema:"pattern=^[a-z][a-z0-9-]*$"`
}
