package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/aegisworld/aegis"
)

// Tags that the estate's programs put on every resource; see package stacks.
const (
	tagStack   = "aegis:stack"
	tagAddress = "aegis:address"
)

// finder looks for one resource and returns its id in the provider's import
// format, or "" when it is not there.
type finder func(context.Context, clients, aegis.Lookup) (string, error)

// Find looks for a resource whose creation was begun but not recorded: by its
// name where a name is unique, else by the tags aegis:stack and aegis:address.
// The id is in the provider's import format. A resource that bears the tags of
// another stack or address counts as not found.
//
// Types whose creation overwrites, such as a bucket's settings or an inline
// policy, are never found: creating them again is the same as adopting them.
// A type that is not known here is an error that matches
// aegis.ErrNotImplemented.
func (c *Cloud) Find(ctx context.Context, lookup aegis.Lookup) (id string, found bool, err error) {
	if slices.Contains(overwritten(), lookup.Type) {
		return "", false, nil
	}
	for _, name := range parents()[lookup.Type] {
		if input(lookup, name) == "" {
			return "", false, nil // the run did not get as far as its parent
		}
	}
	find, ok := finders()[lookup.Type]
	if !ok {
		return "", false, fmt.Errorf("find %s %s: no way to look for type %s: %w",
			lookup.StackID, lookup.Address, lookup.Type, aegis.ErrNotImplemented)
	}
	readers, err := c.readers(ctx, stackOf(lookup))
	if err != nil {
		return "", false, fmt.Errorf("find %s %s: %w", lookup.StackID, lookup.Address, err)
	}
	id, err = find(ctx, readers, lookup)
	switch {
	case notThere(err):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("find %s %s: %w", lookup.StackID, lookup.Address, err)
	default:
		return id, id != "", nil
	}
}

// overwritten are types whose creation replaces what is there.
func overwritten() []string {
	return []string{
		"aws_acm_certificate_validation",
		"aws_autoscaling_policy",
		"aws_cloudwatch_event_rule",
		"aws_cloudwatch_event_target",
		"aws_cloudwatch_metric_alarm",
		"aws_config_configuration_recorder",
		"aws_config_configuration_recorder_status",
		"aws_config_delivery_channel",
		"aws_default_security_group",
		"aws_ecr_lifecycle_policy",
		"aws_ecr_replication_configuration",
		"aws_eks_access_policy_association",
		"aws_iam_role_policy",
		"aws_iam_role_policy_attachment",
		"aws_s3_bucket_lifecycle_configuration",
		"aws_s3_bucket_object_lock_configuration",
		"aws_s3_bucket_ownership_controls",
		"aws_s3_bucket_policy",
		"aws_s3_bucket_public_access_block",
		"aws_s3_bucket_replication_configuration",
		"aws_s3_bucket_server_side_encryption_configuration",
		"aws_s3_bucket_versioning",
		"aws_securityhub_standards_subscription",
		"aws_sqs_queue_policy",
		"aws_vpc_peering_connection_accepter",
		"aws_wafv2_web_acl_association",
	}
}

// parents are the inputs by which a type is looked for and that others' ids fill: one
// that was planned before these were known was not created.
func parents() map[string][]string {
	return map[string][]string{
		"aws_backup_selection":                {"plan_id"},
		"aws_eks_access_entry":                {"principal_arn"},
		"aws_lb_listener":                     {"load_balancer_arn"},
		"aws_route":                           {"route_table_id"},
		"aws_route_table_association":         {"route_table_id", "subnet_id"},
		"aws_route53_record":                  {"zone_id"},
		"aws_vpc_security_group_egress_rule":  {"security_group_id"},
		"aws_vpc_security_group_ingress_rule": {"security_group_id"},
	}
}

// finders are the ways to look for each type that can be there twice or whose
// creation fails when it exists.
func finders() map[string]finder {
	return map[string]finder{
		"aws_accessanalyzer_analyzer":         findAnalyzer,
		"aws_acm_certificate":                 findCertificate,
		"aws_autoscaling_group":               findGroup,
		"aws_backup_plan":                     findBackupPlan,
		"aws_backup_selection":                findSelection,
		"aws_backup_vault":                    findVault,
		"aws_cloudfront_distribution":         findDistribution,
		"aws_cloudtrail":                      findTrail,
		"aws_cloudwatch_log_group":            findLogGroup,
		"aws_db_subnet_group":                 findDatabaseSubnets,
		"aws_dynamodb_table":                  findTable,
		"aws_ecr_repository":                  findRepository,
		"aws_eks_access_entry":                findAccessEntry,
		"aws_eks_addon":                       findAddon,
		"aws_eks_cluster":                     findKubernetes,
		"aws_eks_node_group":                  findNodeGroup,
		"aws_eks_pod_identity_association":    findPodIdentity,
		"aws_eip":                             findAddress,
		"aws_elasticache_parameter_group":     findCacheParameters,
		"aws_elasticache_replication_group":   findCache,
		"aws_elasticache_subnet_group":        findCacheSubnets,
		"aws_flow_log":                        findFlowLog,
		"aws_guardduty_detector":              findDetector,
		"aws_iam_instance_profile":            findInstanceProfile,
		"aws_iam_policy":                      findPolicy,
		"aws_iam_role":                        findRole,
		"aws_internet_gateway":                findTagged("internet-gateway"),
		"aws_kinesis_stream":                  findStream,
		"aws_kms_alias":                       findAlias,
		"aws_kms_key":                         findKey,
		"aws_kms_replica_key":                 findKey,
		"aws_launch_template":                 findTemplate,
		"aws_lb":                              findBalancer,
		"aws_lb_listener":                     findListener,
		"aws_lb_target_group":                 findTargets,
		"aws_nat_gateway":                     findNATGateway,
		"aws_network_acl":                     findTagged("network-acl"),
		"aws_opensearch_domain":               findDomain,
		"aws_rds_cluster":                     findCluster,
		"aws_rds_cluster_instance":            findClusterInstance,
		"aws_rds_cluster_parameter_group":     findDatabaseParameters,
		"aws_rds_global_cluster":              findGlobalCluster,
		"aws_route":                           findRoute,
		"aws_route_table":                     findTagged("route-table"),
		"aws_route_table_association":         findAssociation,
		"aws_route53_health_check":            findHealthCheck,
		"aws_route53_record":                  findRecord,
		"aws_route53_zone":                    findZone,
		"aws_s3_bucket":                       findBucket,
		"aws_secretsmanager_secret":           findSecret,
		"aws_security_group":                  findSecurityGroup,
		"aws_securityhub_account":             findHub,
		"aws_sns_topic":                       findTopic,
		"aws_sqs_queue":                       findQueue,
		"aws_ssm_parameter":                   findParameter,
		"aws_subnet":                          findTagged("subnet"),
		"aws_vpc":                             findTagged("vpc"),
		"aws_vpc_endpoint":                    findEndpoint,
		"aws_vpc_peering_connection":          findPeering,
		"aws_vpc_security_group_egress_rule":  findRule(true),
		"aws_vpc_security_group_ingress_rule": findRule(false),
		"aws_wafv2_web_acl":                   findWebACL,
	}
}

// stackOf is what a lookup tells of its stack.
func stackOf(lookup aegis.Lookup) aegis.Stack {
	stack := aegis.Stack{StackID: lookup.StackID, Kind: aegis.TargetTerraformWorkspace, Region: lookup.Region}
	if name, err := aegis.ParseStackID(lookup.StackID); err == nil {
		stack.Kind, stack.Environment, stack.Layer = aegis.TargetPulumiStack, name.Environment, name.Layer
	}
	return stack
}

// tagMap are a service's tags by their keys.
func tagMap[T any](list []T, pair func(T) (key, value *string)) map[string]string {
	tags := map[string]string{}
	for _, tag := range list {
		key, value := pair(tag)
		tags[aws.ToString(key)] = aws.ToString(value)
	}
	return tags
}

// ours says whether tags do not contradict a lookup. Services that tag after
// creating may have left a resource without tags.
func ours(tags map[string]string, lookup aegis.Lookup) bool {
	stack, tagged := tags[tagStack]
	return !tagged || stack == lookup.StackID && tags[tagAddress] == lookup.Address
}

// input is a requested attribute's text, "" when it was not given.
func input(lookup aegis.Lookup, name string) string {
	switch value := lookup.Inputs[name].(type) {
	case nil:
		return ""
	case string:
		return value
	case float64:
		return fmt.Sprintf("%.0f", value)
	default:
		return fmt.Sprint(value)
	}
}

// notThere says that AWS answered that the thing does not exist.
func notThere(err error) bool {
	if errors.Is(err, aegis.ErrNotFound) {
		return true
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok && response.HTTPStatusCode() == http.StatusNotFound {
		return true
	}
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains([]string{
		"NoSuchEntity", "NoSuchBucket", "NotFound", "NotFoundException", "ResourceNotFoundException", "ParameterNotFound",
		"InvalidLaunchTemplateName.NotFoundException", "InvalidGroup.NotFound", "InvalidRouteTableID.NotFound",
		"InvalidInstanceID.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidSnapshot.NotFound", "NoSuchBucketPolicy",
		"CacheParameterGroupNotFound", "ReplicationGroupNotFoundFault", "NoSuchHostedZone", "NoSuchHealthCheck", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
	}, api.ErrorCode())
}
