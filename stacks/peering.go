package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// Regions are connected in pairs. Of each pair the later region's network stack
// requests the connection, for it comes after the other's and knows its VPC; the
// earlier region's edge stack accepts, for it comes after all network stacks.

// regionsBefore and regionsAfter are the estate's others, in its order.
func regionsBefore(spec aegis.Spec) []string {
	return spec.Regions[:max(0, slices.Index(spec.Regions, spec.Region))]
}

func regionsAfter(spec aegis.Spec) []string {
	return spec.Regions[slices.Index(spec.Regions, spec.Region)+1:]
}

// requestPeers connects the VPC with those of the regions before, and routes to
// them. A route leads nowhere until its connection is accepted.
func requestPeers(s *stack, vpc *ec2.Vpc, tables []*ec2.RouteTable) error {
	ids, tableIDs := pulumi.StringMap{}, []pulumi.StringInput{}
	for _, table := range tables {
		tableIDs = append(tableIDs, table.ID())
	}
	for _, region := range regionsBefore(s.spec) {
		peer, err := peerOf(s, region)
		if err != nil {
			return err
		}
		connection, err := ec2.NewVpcPeeringConnection(s.ctx, "peer-"+region, &ec2.VpcPeeringConnectionArgs{
			VpcId: vpc.ID(), PeerVpcId: pulumi.String(peer.VPCID), PeerRegion: pulumi.String(region),
		}, s.opts()...)
		if err != nil {
			return err
		}
		ids[region] = connection.ID()
		if err := peerRoutes(s, region, peer.VPCCIDR, connection.ID(), tableIDs); err != nil {
			return err
		}
	}
	s.output("vpc_cidr", vpc.CidrBlock)
	s.output("route_table_ids", pulumi.StringArray(tableIDs))
	s.output("peering_ids", ids)
	return nil
}

// acceptPeers accepts what the network stacks of the regions after request, and
// routes to them.
func acceptPeers(s *stack) error {
	later := regionsAfter(s.spec)
	if len(later) == 0 {
		return nil
	}
	own, err := peerOf(s, s.spec.Region)
	if err != nil {
		return err
	}
	for _, region := range later {
		peer, err := peerOf(s, region)
		if err != nil {
			return err
		}
		accepted, err := ec2.NewVpcPeeringConnectionAccepter(s.ctx, "peer-"+region, &ec2.VpcPeeringConnectionAccepterArgs{
			VpcPeeringConnectionId: pulumi.String(peer.PeeringIDs[s.spec.Region]), AutoAccept: pulumi.Bool(true),
		}, s.opts()...)
		if err != nil {
			return err
		}
		tables := []pulumi.StringInput{}
		for _, id := range own.RouteTableIDs {
			tables = append(tables, pulumi.String(id))
		}
		if err := peerRoutes(s, region, peer.VPCCIDR, accepted.ID(), tables); err != nil {
			return err
		}
	}
	return nil
}

func peerOf(s *stack, region string) (PeerOutputs, error) {
	return outputsOf[PeerOutputs](s, stackID(s.spec.Environment, aegis.LayerNetwork, region))
}

func peerRoutes(s *stack, region, cidr string, connection pulumi.StringInput, tables []pulumi.StringInput) error {
	for i, table := range tables {
		if _, err := ec2.NewRoute(s.ctx, fmt.Sprintf("peer-%s-%d", region, i+1), &ec2.RouteArgs{
			RouteTableId: table, DestinationCidrBlock: pulumi.String(cidr), VpcPeeringConnectionId: connection,
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}
