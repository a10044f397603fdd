package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/smithy-go"

	"github.com/aegisworld/aegis"
)

func findCache(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	id := input(lookup, "replication_group_id")
	output, err := c.elasticache().DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String(id)})
	if err != nil || len(output.ReplicationGroups) == 0 || aws.ToString(output.ReplicationGroups[0].Status) == "deleting" {
		return "", err
	}
	return c.ownCache(ctx, lookup, output.ReplicationGroups[0].ARN, id)
}

func findCacheSubnets(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.elasticache().DescribeCacheSubnetGroups(ctx, &elasticache.DescribeCacheSubnetGroupsInput{CacheSubnetGroupName: aws.String(name)})
	if missing(err, "CacheSubnetGroupNotFoundFault") {
		return "", nil
	}
	if err != nil || len(output.CacheSubnetGroups) == 0 {
		return "", err
	}
	return c.ownCache(ctx, lookup, output.CacheSubnetGroups[0].ARN, name)
}

func findCacheParameters(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.elasticache().DescribeCacheParameterGroups(ctx, &elasticache.DescribeCacheParameterGroupsInput{CacheParameterGroupName: aws.String(name)})
	if err != nil || len(output.CacheParameterGroups) == 0 {
		return "", err
	}
	return c.ownCache(ctx, lookup, output.CacheParameterGroups[0].ARN, name)
}

// ownCache is the id of something of ElastiCache that bears no other's tags.
func (c clients) ownCache(ctx context.Context, lookup aegis.Lookup, arn *string, id string) (string, error) {
	listed, err := c.elasticache().ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: arn})
	if err != nil || !ours(tagMap(listed.TagList, func(t cachetypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return id, nil
}

// missing says that AWS answered this code, where its status is not that of
// what is not there.
func missing(err error, code string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == code
}

// findDomain returns the domain's name.
func findDomain(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "domain_name")
	domain, err := c.opensearch().DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: aws.String(name)})
	if err != nil || aws.ToBool(domain.DomainStatus.Deleted) {
		return "", err
	}
	listed, err := c.opensearch().ListTags(ctx, &opensearch.ListTagsInput{ARN: domain.DomainStatus.ARN})
	if err != nil || !ours(tagMap(listed.TagList, func(t searchtypes.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
		return "", err
	}
	return name, nil
}
