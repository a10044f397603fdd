package agent

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	aegis "github.com/aegisworld/aegis"
)

// stock are the resources of a stack that cost by standing there, as far as its
// parameters tell them: by address, with the attributes that their prices depend on.
type stock map[string]map[string]any

func (s stock) add(kind, name string, attrs map[string]any) { s[kind+"::"+name] = attrs }

// kindOf is the type of the resource at an address.
func kindOf(address string) string {
	kind, _, _ := strings.Cut(address, "::")
	return kind
}

// stockOf is that of a layer with parameters, in a region.
func stockOf(layer, region string, parameters json.RawMessage) (stock, error) {
	switch layer {
	case aegis.LayerNetwork:
		return decoded(parameters, stock.network)
	case aegis.LayerRuntime:
		return decoded(parameters, stock.runtime)
	case aegis.LayerData:
		return decoded(parameters, stock.data)
	case aegis.LayerSecurity:
		return decoded(parameters, stock.security)
	case aegis.LayerEdge:
		return decoded(parameters, func(s stock, spec aegis.EdgeSpec) { s.edge(spec, region) })
	default:
		return nil, nil
	}
}

func decoded[T any](parameters json.RawMessage, list func(stock, T)) (stock, error) {
	var spec T
	if err := json.Unmarshal(parameters, &spec); err != nil {
		return nil, err
	}
	all := stock{}
	list(all, spec)
	return all, nil
}

// network has a NAT gateway with its address for the VPC or for each zone, and an
// address of each interface endpoint in each zone.
func (s stock) network(spec aegis.NetworkSpec) {
	gateways := map[string]int{"single": 1, "per_zone": spec.Zones}[spec.NAT]
	for i := range gateways {
		s.add("aws_nat_gateway", strconv.Itoa(i), map[string]any{})
		s.add("aws_eip", strconv.Itoa(i), map[string]any{})
	}
	if spec.Endpoints != nil {
		for _, service := range spec.Endpoints.Interface {
			s.add("aws_vpc_endpoint", service, map[string]any{"vpc_endpoint_type": "Interface", "subnet_ids": make([]any, spec.Zones)})
		}
	}
}

// runtime has nodes, a load balancer, and clusters with nodes of their own.
func (s stock) runtime(spec aegis.RuntimeSpec) {
	s.add("aws_autoscaling_group", "nodes", map[string]any{
		"desired_capacity": spec.NodeDesired, "min_size": spec.NodeMin, "max_size": spec.NodeMax,
		"tags": []any{ // a group says so what its instances are
			map[string]any{"key": "aegis:instance_type", "value": spec.InstanceType},
			map[string]any{"key": "aegis:volume_gib", "value": strconv.Itoa(spec.VolumeGiB)},
		},
	})
	if spec.LoadBalancer != nil {
		s.add("aws_lb", "main", map[string]any{})
	}
	for name, cluster := range spec.Clusters {
		s.add("aws_eks_cluster", name, map[string]any{})
		for group, nodes := range cluster.NodeGroups {
			s.add("aws_eks_node_group", name+"-"+group, map[string]any{
				"scaling_config": map[string]any{"desired_size": nodes.Desired},
				"tags": map[string]any{
					"aegis:instance_type": first(nodes.InstanceTypes), "aegis:volume_gib": strconv.Itoa(nodes.VolumeGiB),
				},
			})
		}
	}
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// data has streams, and the servers of caches, databases and search domains.
func (s stock) data(spec aegis.DataSpec) {
	for name, stream := range spec.Streams {
		s.add("aws_kinesis_stream", name, map[string]any{"shard_count": stream.Shards, "retention_period": stream.RetentionHours})
	}
	for name, cache := range spec.Caches {
		s.add("aws_elasticache_replication_group", name, map[string]any{
			"node_type": cache.NodeType, "num_node_groups": cache.Shards, "replicas_per_node_group": cache.Replicas, "num_cache_clusters": 1 + cache.Replicas,
		})
	}
	for name, database := range spec.Databases {
		for i := range database.Instances {
			s.add("aws_rds_cluster_instance", fmt.Sprintf("%s-%d", name, i+1), map[string]any{"instance_class": database.InstanceClass})
		}
	}
	for name, domain := range spec.SearchDomains {
		s.add("aws_opensearch_domain", name, map[string]any{
			"cluster_config": map[string]any{
				"instance_type": domain.InstanceType, "instance_count": domain.Nodes,
				"dedicated_master_type": domain.MasterType, "dedicated_master_count": domain.MasterNodes,
			},
			"ebs_options": map[string]any{"volume_size": domain.VolumeGiB},
		})
	}
	for name, secret := range spec.Secrets {
		s.add("aws_secretsmanager_secret", name, map[string]any{"replica": make([]any, len(secret.ReplicaRegions))})
	}
}

// security has a key of what it records, one that regions share, and a web ACL.
func (s stock) security(spec aegis.SecuritySpec) {
	if spec.Trail != nil || spec.Recorder != nil {
		s.add("aws_kms_key", "audit", map[string]any{})
	}
	if spec.Replicated {
		s.add("aws_kms_key", "shared", map[string]any{})
	}
	if spec.WebACL != nil {
		s.webACL("main", *spec.WebACL)
	}
}

// distributionRegion is where CloudFront's web ACLs are.
const distributionRegion = "us-east-1"

// edge has an address that is looked at, unless a load balancer stands there, and
// the web ACL of the distribution.
func (s stock) edge(spec aegis.EdgeSpec, region string) {
	if !spec.Balanced {
		s.add("aws_eip", "ingress", map[string]any{})
		s.add("aws_route53_health_check", "ingress", map[string]any{"type": "HTTPS", "request_interval": spec.HealthCheck.IntervalSeconds})
	}
	if spec.Distribution != nil && spec.Distribution.WebACL != nil && region == distributionRegion {
		s.webACL("distribution", *spec.Distribution.WebACL)
	}
}

func (s stock) webACL(name string, spec aegis.WebACLSpec) {
	rules := len(spec.ManagedRules)
	if spec.RateLimit > 0 {
		rules++
	}
	s.add("aws_wafv2_web_acl", name, map[string]any{"rule": make([]any, rules)})
}
