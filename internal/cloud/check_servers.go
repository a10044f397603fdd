package cloud

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/aegisworld/aegis"
)

// describeCache tells status and nodes (a number), of a replication group.
func describeCache(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.elasticache().DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String(id)})
	if err != nil {
		return nil, err
	}
	if len(output.ReplicationGroups) == 0 {
		return nil, fmt.Errorf("replication group %s: %w", id, aegis.ErrNotFound)
	}
	group := output.ReplicationGroups[0]
	return map[string]string{"status": aws.ToString(group.Status), "nodes": strconv.Itoa(len(group.MemberClusters))}, nil
}

// describeCluster tells status and instances (a number), of a database cluster.
func describeCluster(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.rds().DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String(id)})
	if err != nil {
		return nil, err
	}
	if len(output.DBClusters) == 0 {
		return nil, fmt.Errorf("database cluster %s: %w", id, aegis.ErrNotFound)
	}
	cluster := output.DBClusters[0]
	return map[string]string{"status": aws.ToString(cluster.Status), "instances": strconv.Itoa(len(cluster.DBClusterMembers))}, nil
}

// describeDomain tells processing, "true" while a change of the domain is under
// way, and deleted.
func describeDomain(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.opensearch().DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"processing": strconv.FormatBool(aws.ToBool(output.DomainStatus.Processing)),
		"deleted":    strconv.FormatBool(aws.ToBool(output.DomainStatus.Deleted)),
	}, nil
}
