package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/aegisworld/aegis"
)

func findCluster(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	id := input(lookup, "cluster_identifier")
	output, err := c.rds().DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: aws.String(id)})
	if err != nil || len(output.DBClusters) == 0 || aws.ToString(output.DBClusters[0].Status) == "deleting" ||
		!ours(dbTags(output.DBClusters[0].TagList), lookup) {
		return "", err
	}
	return id, nil
}

func findClusterInstance(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	id := input(lookup, "identifier")
	output, err := c.rds().DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(id)})
	if err != nil || len(output.DBInstances) == 0 || aws.ToString(output.DBInstances[0].DBInstanceStatus) == "deleting" ||
		!ours(dbTags(output.DBInstances[0].TagList), lookup) {
		return "", err
	}
	return id, nil
}

func findGlobalCluster(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	id := input(lookup, "global_cluster_identifier")
	output, err := c.rds().DescribeGlobalClusters(ctx, &rds.DescribeGlobalClustersInput{GlobalClusterIdentifier: aws.String(id)})
	if err != nil || len(output.GlobalClusters) == 0 || aws.ToString(output.GlobalClusters[0].Status) == "deleting" ||
		!ours(dbTags(output.GlobalClusters[0].TagList), lookup) {
		return "", err
	}
	return id, nil
}

func findDatabaseSubnets(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.rds().DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: aws.String(name)})
	if err != nil || len(output.DBSubnetGroups) == 0 {
		return "", err
	}
	return c.ownDatabase(ctx, lookup, output.DBSubnetGroups[0].DBSubnetGroupArn, name)
}

func findDatabaseParameters(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	name := input(lookup, "name")
	output, err := c.rds().DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{DBClusterParameterGroupName: aws.String(name)})
	if err != nil || len(output.DBClusterParameterGroups) == 0 {
		return "", err
	}
	return c.ownDatabase(ctx, lookup, output.DBClusterParameterGroups[0].DBClusterParameterGroupArn, name)
}

// ownDatabase is the id of something of RDS that bears no other's tags.
func (c clients) ownDatabase(ctx context.Context, lookup aegis.Lookup, arn *string, id string) (string, error) {
	listed, err := c.rds().ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: arn})
	if err != nil || !ours(dbTags(listed.TagList), lookup) {
		return "", err
	}
	return id, nil
}

func dbTags(list []types.Tag) map[string]string {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}
