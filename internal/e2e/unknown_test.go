package e2e_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// TestACloudThatIsGoneIsUnknown breaks every connection to a service: its
// stack is neither clean nor drifted then, and says why.
func TestACloudThatIsGoneIsUnknown(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	c := client.New(estate.URL, estate.Token)
	const stackID = "sandbox.edge.eu-west-1"
	reconciled := func(want aegis.StackState) (stack aegis.Stack) {
		_, err := c.ReconcileStack(ctx, stackID)
		require.NoError(t, err)
		require.NoError(t, e2e.Await(ctx, string(want)+" "+stackID, func(ctx context.Context) (bool, error) {
			stack, err = c.Stack(ctx, stackID)
			return stack.State == want, err
		}))
		return stack
	}

	require.NoError(t, estate.Fault(ctx, "set", "--service", "route53", "--unreachable"))
	stack := reconciled(aegis.StackUnknown)
	require.NotEmpty(t, stack.Error)
	require.NotNil(t, stack.LastReconciledAt, "the last good look stays")
	require.NoError(t, estate.Fault(ctx, "set", "--service", "route53", "--latency-ms", "1"))
	require.Empty(t, reconciled(aegis.StackClean).Error)
}
