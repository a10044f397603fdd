package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/aegisworld/aegis"
)

// findPeering leaves out connections that are gone: EC2 tells of them for hours.
func findPeering(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	output, err := c.ec2().DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: []types.Filter{
		filter("tag:"+tagStack, lookup.StackID), filter("tag:"+tagAddress, lookup.Address),
		filter("status-code", "active", "pending-acceptance", "provisioning"),
	}})
	if err != nil || len(output.VpcPeeringConnections) == 0 {
		return "", err
	}
	return aws.ToString(output.VpcPeeringConnections[0].VpcPeeringConnectionId), nil
}
