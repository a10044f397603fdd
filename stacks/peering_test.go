package stacks_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func peeredPlan() stacks.Plan {
	return plan(map[string]string{"network": `{"peered":true,"data_subnets":true}`, "edge": `{"peered":true}`}, nil)
}

func TestEveryPairOfRegionsIsPeered(t *testing.T) {
	t.Parallel()
	specs, err := peeredPlan().Specs()
	require.NoError(t, err)
	made, err := stacks.OnPaper(specs)
	require.NoError(t, err)
	count := map[string]int{}
	for _, changes := range made {
		for _, change := range changes {
			count[change.Type]++
		}
	}
	require.Equal(t, 3, count["aws_vpc_peering_connection"])
	require.Equal(t, 3, count["aws_vpc_peering_connection_accepter"])
	require.Equal(t, 3+3*2*2, count["aws_route"], "the public ones, and each pair's, from both sides, of two tables")

	position := map[string]int{}
	for i, spec := range specs {
		position[stacks.StackID(spec)] = i
	}
	for _, spec := range specs {
		for _, id := range stacks.DependsOn(spec) {
			require.Less(t, position[id], position[stacks.StackID(spec)], "%s comes before %s", id, stacks.StackID(spec))
		}
	}
}

func TestPeeringTakesAll(t *testing.T) {
	t.Parallel()
	half := peeredPlan()
	delete(half.Layers, "edge")
	_, err := half.Specs()
	require.ErrorContains(t, err, "dev.edge.eu-west-1.parameters.peered: must be true")
}

// Two regions by real engine and plugin in a sandbox: routes lead both ways, a
// look finds nothing to do, and all goes away again.
func TestRegionsArePeered(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1"}
	a := newAccount(t, regions...)
	connected := a.connect(t)
	plan := peeredPlan()
	plan.Regions = regions
	specs, err := plan.Specs()
	require.NoError(t, err)
	var made []auto.Stack
	for _, spec := range specs {
		if spec.Layer == aegis.LayerNetwork || spec.Layer == aegis.LayerEdge {
			made = append(made, a.stack(t, spec))
		}
	}
	for _, stack := range made {
		require.NoError(t, assume(t.Context(), connected, stack, &aegis.ExecutionPolicy{}))
		_, err := stack.Up(t.Context(), optup.SuppressProgress())
		require.NoError(t, err)
	}
	require.NoError(t, together(t.Context(), made, func(ctx context.Context, stack auto.Stack) error {
		if err := assume(ctx, connected, stack, nil); err != nil {
			return err
		}
		return clean(ctx, stack)
	}))
	for region, cidr := range map[string]string{"us-east-1": "10.11.0.0/16", "eu-west-1": "10.10.0.0/16"} {
		client := ec2.NewFromConfig(a.admin(region))
		connections, err := client.DescribeVpcPeeringConnections(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, connections.VpcPeeringConnections, 1)
		require.Equal(t, types.VpcPeeringConnectionStateReasonCodeActive, connections.VpcPeeringConnections[0].Status.Code)
		tables, err := client.DescribeRouteTables(t.Context(), nil)
		require.NoError(t, err)
		routes := 0
		for _, table := range tables.RouteTables {
			for _, route := range table.Routes {
				if route.VpcPeeringConnectionId != nil {
					require.Equal(t, cidr, *route.DestinationCidrBlock)
					routes++
				}
			}
		}
		require.Equal(t, 2, routes)
	}
	for i := len(made) - 1; i >= 0; i-- {
		require.NoError(t, assume(t.Context(), connected, made[i], &aegis.ExecutionPolicy{}))
		_, err := made[i].Destroy(t.Context(), optdestroy.SuppressProgress())
		require.NoError(t, err)
	}
}
