package stacks_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// The whole estate of one region, by real engine and plugin in a sandbox.
func TestEstateConvergesAndStaysClean(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1")
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"eu-west-1"})
	require.NoError(t, err)
	var first, second, all []auto.Stack
	for _, spec := range specs {
		stack := a.stack(t, spec)
		if all = append(all, stack); len(stacks.DependsOn(spec)) == 0 {
			first = append(first, stack)
		} else {
			second = append(second, stack)
		}
	}
	require.NoError(t, together(t.Context(), first, apply))
	require.NoError(t, together(t.Context(), second, apply))
	require.NoError(t, together(t.Context(), all, clean))

	connected := a.connect(t)
	prices, err := pricing.Load()
	require.NoError(t, err)
	for _, stack := range all {
		require.NoError(t, checkAdapter(t.Context(), connected, prices, stack))
	}
}

func together(ctx context.Context, all []auto.Stack, do func(context.Context, auto.Stack) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, stack := range all {
		group.Go(func() error { return do(ctx, stack) })
	}
	return group.Wait()
}

func apply(ctx context.Context, stack auto.Stack) error {
	_, err := stack.Up(ctx, optup.SuppressProgress())
	return err
}

// clean says whether neither reality nor the program differs from the state,
// and the program exports what it must.
func clean(ctx context.Context, stack auto.Stack) error {
	refreshed, err := stack.PreviewRefresh(ctx, optrefresh.SuppressProgress())
	if err != nil {
		return err
	}
	previewed, err := stack.Preview(ctx, optpreview.Diff(), optpreview.SuppressProgress())
	if err != nil {
		return err
	}
	for kind, count := range map[string]map[apitype.OpType]int{
		refreshed.StdOut: refreshed.ChangeSummary, previewed.StdOut: previewed.ChangeSummary,
	} {
		for op := range count {
			if op != apitype.OpSame && op != apitype.OpRead && op != apitype.OpRefresh {
				return fmt.Errorf("stack %s: %s after apply: %s", stack.Name(), op, kind)
			}
		}
	}
	outputs, err := stack.Outputs(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"spec", "checks"} {
		if outputs[name].Value == nil {
			return fmt.Errorf("stack %s exports no %s", stack.Name(), name)
		}
	}
	return nil
}

func TestAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "us-east-1")
	stack := a.stack(t, specOf(t, "network", `{}`))
	require.NoError(t, stack.SetConfig(t.Context(), "aegis:account_id", auto.ConfigValue{Value: "210987654321"}))
	_, err := stack.Up(t.Context(), optup.SuppressProgress())
	require.ErrorContains(t, err, "123456789012")
	outputs, err := stack.Outputs(t.Context())
	require.NoError(t, err)
	require.Empty(t, outputs)
}
