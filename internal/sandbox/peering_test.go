package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// vpcWithTable makes a VPC and a route table in it.
func vpcWithTable(t *testing.T, client *ec2.Client, cidr string) (vpc, table *string) {
	t.Helper()
	made, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: &cidr})
	require.NoError(t, err)
	routes, err := client.CreateRouteTable(t.Context(), &ec2.CreateRouteTableInput{VpcId: made.Vpc.VpcId})
	require.NoError(t, err)
	return made.Vpc.VpcId, routes.RouteTable.RouteTableId
}

func TestVPCsOfTwoRegionsArePeered(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t, "us-east-1", "eu-west-1")
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	near, far := ec2.NewFromConfig(adminConfig(account, "us-east-1")), ec2.NewFromConfig(adminConfig(account, "eu-west-1"))
	nearVPC, nearTable := vpcWithTable(t, near, "10.1.0.0/16")
	farVPC, farTable := vpcWithTable(t, far, "10.2.0.0/16")
	request := &ec2.CreateVpcPeeringConnectionInput{VpcId: nearVPC, PeerVpcId: aws.String("vpc-0123456789abcdef0"), PeerRegion: aws.String("eu-west-1")}
	_, err := near.CreateVpcPeeringConnection(t.Context(), request)
	requireCode(t, err, "InvalidVpcID.NotFound")
	request.PeerVpcId = farVPC
	made, err := near.CreateVpcPeeringConnection(t.Context(), request)
	require.NoError(t, err)
	id := made.VpcPeeringConnection.VpcPeeringConnectionId
	status := func(client *ec2.Client) types.VpcPeeringConnection {
		out, err := client.DescribeVpcPeeringConnections(t.Context(), &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{*id}})
		require.NoError(t, err)
		require.Len(t, out.VpcPeeringConnections, 1)
		return out.VpcPeeringConnections[0]
	}
	for _, client := range []*ec2.Client{near, far} {
		seen := status(client)
		require.Equal(t, types.VpcPeeringConnectionStateReasonCodePendingAcceptance, seen.Status.Code)
		require.Equal(t, []string{"us-east-1", *nearVPC, "10.1.0.0/16", "eu-west-1", *farVPC, "10.2.0.0/16"}, []string{
			*seen.RequesterVpcInfo.Region, *seen.RequesterVpcInfo.VpcId, *seen.RequesterVpcInfo.CidrBlock,
			*seen.AccepterVpcInfo.Region, *seen.AccepterVpcInfo.VpcId, *seen.AccepterVpcInfo.CidrBlock,
		})
	}
	_, err = near.AcceptVpcPeeringConnection(t.Context(), &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
	requireCode(t, err, "OperationNotPermitted")
	_, err = far.AcceptVpcPeeringConnection(t.Context(), &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
	require.NoError(t, err)
	_, err = far.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{*id}, Tags: []types.Tag{{Key: aws.String("side"), Value: aws.String("far")}}})
	require.NoError(t, err)
	require.Equal(t, "far", *status(far).Tags[0].Value)
	require.Empty(t, status(near).Tags, "each side has tags of its own")
	for _, side := range []struct {
		client *ec2.Client
		table  *string
		cidr   string
	}{{near, nearTable, "10.2.0.0/16"}, {far, farTable, "10.1.0.0/16"}} {
		require.Equal(t, types.VpcPeeringConnectionStateReasonCodeActive, status(side.client).Status.Code)
		_, err := side.client.CreateRoute(t.Context(), &ec2.CreateRouteInput{
			RouteTableId: side.table, DestinationCidrBlock: &side.cidr, VpcPeeringConnectionId: id,
		})
		require.NoError(t, err)
	}

	// The connection is there after a restart.
	stop()
	again, stop := runAccount(t, opts)
	near, far = ec2.NewFromConfig(adminConfig(again, "us-east-1")), ec2.NewFromConfig(adminConfig(again, "eu-west-1"))
	for _, client := range []*ec2.Client{near, far} {
		require.Equal(t, types.VpcPeeringConnectionStateReasonCodeActive, status(client).Status.Code)
	}
	_, err = far.DeleteVpcPeeringConnection(t.Context(), &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: id})
	require.NoError(t, err)
	require.Equal(t, types.VpcPeeringConnectionStateReasonCodeDeleted, status(near).Status.Code)
	stop()
}
