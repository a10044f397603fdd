package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// Adoption is the merge patch (RFC 7396) of a spec's parameters by which it says
// what is real: each change's After is to be what its program declares. missing are
// the changes for which there is no parameter. That a parameter stands for an
// attribute does not make it stand for that one alone: a plan has to show it.
func Adoption(spec aegis.Spec, changes []aegis.DriftChange) (patch json.RawMessage, missing []aegis.DriftChange, err error) {
	var parameters map[string]any
	if err := json.Unmarshal(spec.Parameters, &parameters); err != nil {
		return nil, nil, fmt.Errorf("read the parameters: %w", err)
	}
	merge := map[string]any{}
	for _, c := range changes {
		path := parameterOf(parameters, c)
		switch {
		case path == nil || c.After == nil || c.After == aegis.Masked:
			missing = append(missing, c)
		default:
			aegis.SetPath(merge, path, c.After)
		}
	}
	if patch, err = json.Marshal(merge); err != nil {
		return nil, nil, fmt.Errorf("encode the patch: %w", err)
	}
	return patch, missing, nil
}

// plainParameters are the parameters by address and attribute.
func plainParameters() map[string]string {
	return map[string]string{
		"aws_autoscaling_group::node min_size":                                   "node_min",
		"aws_autoscaling_group::node max_size":                                   "node_max",
		"aws_autoscaling_group::node desired_capacity":                           "node_desired",
		"aws_autoscaling_policy::cpu target_tracking_configuration.target_value": "target_cpu_percent",
		"aws_iam_role::executor max_session_duration":                            "executor_session_seconds",
		"aws_route53_record::app ttl":                                            "record_ttl_seconds",
		"aws_route53_health_check::ingress port":                                 "health_check.port",
		"aws_route53_health_check::ingress resource_path":                        "health_check.path",
		"aws_route53_health_check::ingress request_interval":                     "health_check.interval_seconds",
		"aws_route53_health_check::ingress failure_threshold":                    "health_check.failure_threshold",
	}
}

// typeParameters are the parameters that all resources of a type share.
func typeParameters() map[string]string {
	return map[string]string{
		"aws_cloudwatch_log_group retention_in_days": "log_retention_days",
		"aws_kms_key rotation_period_in_days":        "key_rotation_days",
	}
}

// parameterOf is the path of the parameter that an attribute is made of, nil for
// none.
func parameterOf(parameters map[string]any, c aegis.DriftChange) []string {
	name, own := strings.CutPrefix(c.Address, c.Type+"::")
	if !own {
		return nil
	}
	if path, ok := plainParameters()[c.Address+" "+c.Attribute]; ok {
		return strings.Split(path, ".")
	}
	if path, ok := typeParameters()[c.Type+" "+c.Attribute]; ok {
		return []string{path}
	}
	switch c.Type {
	case "aws_kinesis_stream":
		member := map[string]string{"shard_count": "shards", "retention_period": "retention_hours"}[c.Attribute]
		streams, _ := parameters["streams"].(map[string]any)
		if member != "" && streams[name] != nil {
			return []string{"streams", name, member}
		}
	case "aws_vpc_security_group_ingress_rule":
		member := map[string]string{"from_port": "from_port", "to_port": "to_port", "ip_protocol": "protocol"}[c.Attribute]
		if rule := ruleOf(parameters, name); member != "" && rule != "" {
			return []string{"ingress_rules", rule, member}
		}
	}
	return nil
}

// ruleOf is the name of the ingress rule that is declared as the resource of that
// name, "" for none.
func ruleOf(parameters map[string]any, resource string) string {
	rules, _ := parameters["ingress_rules"].(map[string]any)
	for name, one := range rules {
		rule, _ := one.(map[string]any)
		cidrs, _ := rule["cidrs"].([]any)
		if slices.ContainsFunc(cidrs, func(cidr any) bool {
			text, _ := cidr.(string)
			return resource == ruleResource(name, text)
		}) {
			return name
		}
	}
	return ""
}
