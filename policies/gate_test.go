package policies_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

func scaling() aegis.GateInput {
	return aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{
			ChangeSetID: "cs-1", RiskScore: 10,
			Target: aegis.Target{
				Kind: aegis.TargetPulumiStack, StackIDs: []string{"dev.runtime.eu-west-1"}, Regions: []string{"eu-west-1"},
			},
		},
		Diff: []aegis.ResourceChange{{
			StackID: "dev.runtime.eu-west-1", Address: "aws:autoscaling/group:Group::nodes",
			Type: "aws_autoscaling_group", Region: "eu-west-1", Action: aegis.ActionUpdate,
			Before: map[string]any{"desired_capacity": 2}, After: map[string]any{"desired_capacity": 4},
		}},
		Source: aegis.SourceGoal, Regions: []string{"us-east-1", "eu-west-1"},
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	g, err := policies.NewGate(t.Context(), policies.Options{})
	require.NoError(t, err)
	r := g.Decide(t.Context(), scaling())
	require.True(t, r.Allowed(), "%+v", r.Deny)
	require.Equal(t, []string{"autoscaling", "ec2", "iam"}, r.ExecutionPolicy.NetworkScope.Services)
	require.Equal(t, 5, r.Require.SoakSeconds)
}
