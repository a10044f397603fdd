package pricing

import (
	"strconv"
	"strings"
)

// Tags of an Auto Scaling group that say what its instances are: the group
// itself only refers to a launch template.
const (
	tagInstanceType = "aegis:instance_type"
	tagVolumeGiB    = "aegis:volume_gib"
)

// pricedBy are the attributes that a type's price depends on.
func pricedBy(resourceType string) []string {
	return map[string][]string{
		"aws_autoscaling_group":             {"desired_capacity", "tag"},
		"aws_eks_node_group":                {"scaling_config", "tags"},
		"aws_elasticache_replication_group": {"node_type", "num_cache_clusters", "num_node_groups", "replicas_per_node_group"},
		"aws_instance":                      {"instance_type"},
		"aws_kinesis_stream":                {"shard_count", "retention_period"},
		"aws_rds_cluster_instance":          {"instance_class"},
		"aws_opensearch_domain":             {"cluster_config"},
		"aws_route53_health_check":          {"type", "request_interval"},
		"aws_secretsmanager_secret":         {"replica"},
		"aws_vpc_endpoint":                  {"vpc_endpoint_type"},
		"aws_wafv2_web_acl":                 {"rule"},
	}[resourceType]
}

// groupMonthly is the desired number of instances, each with its volume.
// Without the tag of the instance type it is not known.
func groupMonthly(prices Region, attrs map[string]any) (float64, bool) {
	tags := groupTags(attrs)
	hour, known := prices.InstanceHour[tags[tagInstanceType]]
	nodes, counted := number(attrs, "desired_capacity")
	if !counted {
		nodes, counted = number(attrs, "min_size")
	}
	gib := 0.0
	if size, ok := tags[tagVolumeGiB]; ok {
		parsed, err := strconv.ParseFloat(size, 64)
		gib, known = parsed, known && err == nil
	}
	return nodes * (hour*hoursPerMonth + gib*prices.GP3GiBMonth), known && counted
}

// nodesMonthly is the desired number of a managed node group's instances, each
// with its volume, of which the tags tell the kind.
func nodesMonthly(prices Region, attrs map[string]any) (float64, bool) {
	tags, _ := attrs["tags"].(map[string]any)
	hour, known := prices.InstanceHour[text(tags, tagInstanceType)]
	gib, err := strconv.ParseFloat(text(tags, tagVolumeGiB), 64)
	nodes, counted := either(block(attrs, "scaling_config"), "desired_size", "desiredSize")
	return nodes * (hour*hoursPerMonth + gib*prices.GP3GiBMonth), known && counted && err == nil
}

// groupTags reads the tags of an Auto Scaling group, a list of objects.
func groupTags(attrs map[string]any) map[string]string {
	tags := map[string]string{}
	for _, attribute := range []string{"tag", "tags"} {
		list, _ := attrs[attribute].([]any)
		for _, item := range list {
			if tag, ok := item.(map[string]any); ok {
				tags[text(tag, "key")] = text(tag, "value")
			}
		}
	}
	return tags
}

// streamMonthly is the number of shards; those that keep records for more
// than a day cost more.
func streamMonthly(prices Region, attrs map[string]any) (float64, bool) {
	shards, known := number(attrs, "shard_count")
	hour := prices.KinesisShardHour
	if hours, ok := number(attrs, "retention_period"); ok && hours > 24 {
		hour += prices.KinesisExtendedShardHour
	}
	return shards * hour * hoursPerMonth, known
}

// endpointMonthly is the number of an interface endpoint's subnets, each in a
// zone of its own; other kinds of endpoints cost nothing.
func endpointMonthly(prices Region, attrs map[string]any) float64 {
	if text(attrs, "vpc_endpoint_type") != "Interface" {
		return 0
	}
	subnets, _ := attrs["subnet_ids"].([]any)
	return float64(max(1, len(subnets))) * prices.EndpointHour * hoursPerMonth
}

// healthCheck is the price of a check of an address in AWS; TLS and a short
// interval are paid features.
func (t *Table) healthCheck(attrs map[string]any) float64 {
	usd := t.Global.HealthCheckMonth
	if strings.HasPrefix(text(attrs, "type"), "HTTPS") {
		usd += t.Global.HealthCheckFeatureMonth
	}
	if interval, ok := number(attrs, "request_interval"); ok && interval == 10 {
		usd += t.Global.HealthCheckFeatureMonth
	}
	return usd
}

// webACL is the price of a web ACL and of each of its rules.
func (t *Table) webACL(attrs map[string]any) float64 {
	return t.Global.WebACLMonth + float64(len(blocks(attrs, "rule")))*t.Global.WebACLRuleMonth
}

// blocks are the ones of a name, of which Pulumi has the plural.
func blocks(attrs map[string]any, name string) []any {
	found, ok := attrs[name].([]any)
	if !ok {
		found, _ = attrs[name+"s"].([]any)
	}
	return found
}

func text(attrs map[string]any, name string) string {
	value, _ := attrs[name].(string)
	return value
}

// number reads a number in any of the forms that decoders give it.
func number(attrs map[string]any, name string) (float64, bool) {
	switch value := attrs[name].(type) {
	case float64:
		return value, true
	case int:
		return float64(value), true
	case int64:
		return float64(value), true
	case interface{ Float64() (float64, error) }:
		parsed, err := value.Float64()
		return parsed, err == nil
	case string:
		parsed, err := strconv.ParseFloat(value, 64)
		return parsed, err == nil
	default:
		return 0, false
	}
}
