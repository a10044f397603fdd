package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/stretchr/testify/require"
)

func TestAStateIsUpgradedOnce(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	_, asking, err := b.info(t.Context())
	require.NoError(t, err)
	state := func(text string) *tfprotov6.UpgradeResourceStateRequest {
		return &tfprotov6.UpgradeResourceStateRequest{
			TypeName: "aws_sns_topic", RawState: &tfprotov6.RawState{JSON: []byte(text)},
		}
	}
	first, err := asking.UpgradeResourceState(t.Context(), state(`{"name":"a"}`))
	require.NoError(t, err)
	require.Empty(t, first.Diagnostics)
	for range 2 {
		faulty, err := asking.UpgradeResourceState(t.Context(), state(`{"name":[]}`))
		require.NoError(t, err)
		require.NotEmpty(t, faulty.Diagnostics, "a refusal is not remembered")
	}

	// No process starts any more.
	remembering := &terraform{processes: newPool("/nonexistent"), cache: b.cache, schema: asking.schema, upgraded: b.upgraded}
	again, err := remembering.UpgradeResourceState(t.Context(), state(`{"name":"a"}`))
	require.NoError(t, err)
	require.Equal(t, first.UpgradedState, again.UpgradedState)
	older := state(`{"name":"a"}`)
	older.Version = 1
	for _, other := range []*tfprotov6.UpgradeResourceStateRequest{older, state(`{"name":"b"}`), state(`{"name":[]}`)} {
		_, err := remembering.UpgradeResourceState(t.Context(), other)
		require.ErrorContains(t, err, "/nonexistent")
	}
}
