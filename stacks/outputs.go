package stacks

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkOutputs are the ids that a network stack exports.
type NetworkOutputs struct {
	VPCID string `json:"vpc_id"`
	// PublicSubnetIDs and PrivateSubnetIDs have one entry per zone.
	PublicSubnetIDs  []string `json:"public_subnet_ids"`
	PrivateSubnetIDs []string `json:"private_subnet_ids"`
	// WorkloadSecurityGroupID is the group that the ingress rules open.
	WorkloadSecurityGroupID string `json:"workload_security_group_id"`
	// DataSubnetIDs has one entry per zone where the network has data subnets.
	DataSubnetIDs []string `json:"data_subnet_ids,omitempty"`
}

// PeerOutputs are what a network stack exports when it is peered.
type PeerOutputs struct {
	VPCID   string `json:"vpc_id"`
	VPCCIDR string `json:"vpc_cidr"`
	// RouteTableIDs are those of the private and data subnets.
	RouteTableIDs []string `json:"route_table_ids"`
	// PeeringIDs are the connections that it requests, by region.
	PeeringIDs map[string]string `json:"peering_ids"`
}

// SecurityOutputs are the names that a security stack exports.
type SecurityOutputs struct {
	DataKeyARN      string `json:"data_key_arn"`
	LogsKeyARN      string `json:"logs_key_arn"`
	ExecutorRoleARN string `json:"executor_role_arn"`
	// WorkloadRoleARNs and InstanceProfiles are keyed by the role's name in the
	// spec; a role has an instance profile when EC2 assumes it.
	WorkloadRoleARNs map[string]string `json:"workload_role_arns"`
	InstanceProfiles map[string]string `json:"instance_profiles"`
}

// SharedKeyOutputs and ReplicationOutputs are what a security stack exports when
// it is replicated.
type SharedKeyOutputs struct {
	SharedKeyARN string `json:"shared_key_arn"`
}

// ReplicationOutputs name the role with which S3 copies objects.
type ReplicationOutputs struct {
	ReplicationRoleARN string `json:"replication_role_arn"`
}

// BucketOutputs are the names of a data stack's buckets, by those in the spec.
type BucketOutputs struct {
	BucketNames map[string]string `json:"bucket_names"`
}

// DataOutputs are the names that a data stack exports, keyed by the names in
// the spec.
type DataOutputs struct {
	BucketNames map[string]string `json:"bucket_names"`
	StreamARNs  map[string]string `json:"stream_arns"`
	LogGroups   map[string]string `json:"log_group_names"`
	// TableNames and SecretARNs are exported where there are any.
	TableNames map[string]string `json:"table_names,omitempty"`
	SecretARNs map[string]string `json:"secret_arns,omitempty"`
	// CacheEndpoints and SearchEndpoints are host names in the VPC.
	CacheEndpoints  map[string]string `json:"cache_endpoints,omitempty"`
	SearchEndpoints map[string]string `json:"search_endpoints,omitempty"`
	// DatabaseEndpoints write, DatabaseReaderEndpoints read; DatabaseSecretARNs are
	// of the secrets with user and password, of databases that are not global.
	DatabaseEndpoints       map[string]string `json:"database_endpoints,omitempty"`
	DatabaseReaderEndpoints map[string]string `json:"database_reader_endpoints,omitempty"`
	DatabaseSecretARNs      map[string]string `json:"database_secret_arns,omitempty"`
}

// RuntimeOutputs are the names that a runtime stack exports.
type RuntimeOutputs struct {
	AutoScalingGroup string `json:"autoscaling_group_name"`
	LaunchTemplateID string `json:"launch_template_id"`
}

// EdgeOutputs are the ids that an edge stack exports.
type EdgeOutputs struct {
	// ZoneID is that of the primary region's zone, in every region's stack.
	ZoneID        string `json:"zone_id"`
	HealthCheckID string `json:"health_check_id,omitempty"`
	// IngressIP is the region's public IPv4 address, where it has one.
	IngressIP string `json:"ingress_ip,omitempty"`
}

// BalancedOutputs are what an edge stack exports beside when it is balanced.
type BalancedOutputs struct {
	ZoneID         string `json:"zone_id"`
	CertificateARN string `json:"certificate_arn"`
	// AppName is the name that the certificate is for.
	AppName string `json:"app_name"`
}

// outputsOf reads another stack's outputs. Every field of O must be there,
// unless it may be omitted: a missing one means that the stack was not applied
// yet.
func outputsOf[O any](s *stack, id string) (O, error) {
	var outputs O
	ref, err := s.reference(id)
	if err != nil {
		return outputs, err
	}
	values := map[string]any{}
	for field := range reflect.TypeFor[O]().Fields() {
		name, optional, _ := strings.Cut(field.Tag.Get("json"), ",")
		detail, err := ref.GetOutputDetails(name)
		if err != nil {
			return outputs, fmt.Errorf("read output %s of stack %s: %w", name, id, err)
		}
		if detail.Value == nil && optional != "" {
			continue
		}
		if detail.Value == nil {
			return outputs, fmt.Errorf("stack %s has no output %s: apply that stack first", id, name)
		}
		values[name] = detail.Value
	}
	text, err := json.Marshal(values)
	if err != nil {
		return outputs, fmt.Errorf("read outputs of stack %s: %w", id, err)
	}
	if err := json.Unmarshal(text, &outputs); err != nil {
		return outputs, fmt.Errorf("read outputs of stack %s: %w", id, err)
	}
	return outputs, nil
}

// reference is to another stack; the engine takes one of each only.
func (s *stack) reference(id string) (*pulumi.StackReference, error) {
	if ref, ok := s.references[id]; ok {
		return ref, nil
	}
	ref, err := pulumi.NewStackReference(s.ctx, id, &pulumi.StackReferenceArgs{
		Name: pulumi.String("organization/" + Project + "/" + id),
	})
	if err != nil {
		return nil, fmt.Errorf("refer to stack %s: %w", id, err)
	}
	s.references[id] = ref
	return ref, nil
}

// toMap is v as the object that its JSON describes.
func toMap(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return m, nil
}
