package stacks_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/stacks"
)

// The whole estate of one region, by real engine and plugin in an emulated
// account.
func TestEstateConvergesAndStaysClean(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"eu-west-1"})
	require.NoError(t, err)
	for _, spec := range specs {
		stack := a.stack(t, spec)
		t0 := time.Now()
		up, err := stack.Up(t.Context(), optup.SuppressProgress())
		require.NoError(t, err)
		t.Log(spec.Layer, *up.Summary.ResourceChanges, time.Since(t0))
		t.Log(up.Outputs)
	}
	for _, spec := range specs {
		stack := a.stack(t, spec)
		r, err := stack.PreviewRefresh(t.Context(), optrefresh.SuppressProgress())
		require.NoError(t, err)
		t.Log(spec.Layer, r.ChangeSummary)
		t.Log(r.StdOut)
		p, err := stack.Preview(t.Context(), optpreview.Diff(), optpreview.SuppressProgress())
		require.NoError(t, err)
		t.Log(p.StdOut)
	}
}
