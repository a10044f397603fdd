package rollout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/rollout"
)

func TestPreview(t *testing.T) {
	t.Parallel()

	t.Run("is what the gate judges afterwards, and leaves nothing behind", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		cs := patch(`{"ssm_parameter-a":"2"}`, eu, us)
		got, err := b.door.Preview(t.Context(), cs)
		require.NoError(t, err)
		require.Empty(t, b.store.rows)
		require.Empty(t, b.store.commits)
		require.Empty(t, b.world.applies)

		judged := b.run(t, cs)
		require.Equal(t, judged.Diff, got.Diff)
		require.Equal(t, judged.InverseDiff, got.Inverse)
		require.Equal(t, judged.RiskScore, got.ChangeSet.RiskScore)
		require.InDelta(t, judged.CostDeltaUSDMonth, got.ChangeSet.CostDeltaUSDMonth, 1e-9)
		require.Equal(t, []string{eu, us}, got.ChangeSet.Target.StackIDs)
		require.Contains(t, got.Specs, eu)
	})

	t.Run("refuses what Propose refuses", func(t *testing.T) {
		t.Parallel()
		_, err := newBench().door.Preview(t.Context(), patch(`{"ssm_parameter-a":"2"}`, "sandbox.data.nowhere-1"))
		require.ErrorIs(t, err, aegis.ErrInvalid)
	})
}

func TestInventory(t *testing.T) {
	t.Parallel()

	t.Run("shows everything that a stack has as if it were new", func(t *testing.T) {
		t.Parallel()
		got, err := newBench().door.Inventory(t.Context(), eu)
		require.NoError(t, err)
		require.Len(t, got.Diff, 2)
		for _, c := range got.Diff {
			require.Equal(t, aegis.ActionCreate, c.Action)
			require.Nil(t, c.Before)
			require.NotNil(t, c.After)
		}
		require.Equal(t, aegis.ActionDelete, got.Inverse[0].Action)
		require.Empty(t, got.ChangeSet.Irreversible)
	})

	t.Run("knows nothing of a stack without a revision", func(t *testing.T) {
		t.Parallel()
		b := newBench()
		b.addStack("sandbox.data.eu-west-1", "")
		_, err := b.door.Inventory(t.Context(), "sandbox.data.eu-west-1")
		require.ErrorIs(t, err, aegis.ErrNotFound)
	})
}

func TestSuppose(t *testing.T) {
	t.Parallel()
	diff := []aegis.ResourceChange{
		{StackID: eu, Address: "a", Type: "aws_s3_bucket", Region: "eu-west-1", Action: aegis.ActionDelete, Before: map[string]any{}},
		{StackID: "planned.data.eu-west-1", Address: "b", Type: "aws_instance", Region: "eu-west-1", Action: aegis.ActionCreate, After: map[string]any{}},
	}
	got, err := newBench().door.Suppose(t.Context(), diff)
	require.NoError(t, err)
	require.Equal(t, diff, got.Diff)
	require.Equal(t, []string{"a"}, got.ChangeSet.Irreversible)
	require.Positive(t, got.ChangeSet.RiskScore)
	require.Equal(t, []string{"planned.data.eu-west-1", eu}, got.ChangeSet.Target.StackIDs)
	require.Contains(t, got.Specs, eu)
	require.NotContains(t, got.Specs, "planned.data.eu-west-1")
	require.Equal(t, aegis.ActionCreate, got.Inverse[0].Action)
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	input := aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{RiskScore: 70, RiskTolerance: aegis.RiskMedium},
		Breakers:  []aegis.Breaker{{Scope: aegis.BreakerStack, Key: eu}},
		Diff:      []aegis.ResourceChange{{Address: "a", Region: "eu-west-1", Action: aegis.ActionDelete}},
		Budget:    aegis.GateBudget{LimitUSDMonth: rollout.NoLimit},
	}
	result := allow(false, 0)
	result.ExecutionPolicy.NetworkScope.Regions = []string{"us-east-1"}
	var codes []string
	for _, r := range rollout.Forbidden(input, result) {
		codes = append(codes, r.Code)
	}
	require.Equal(t, []string{"breaker_open", "risk_exceeds_tolerance", "execution_policy_exceeded"}, codes)
}
