package stacks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// The whole estate of one region, by real engine and plugin in a sandbox: made
// by the executor, except for the layer that makes the executor, and looked at
// by read-only sessions.
func TestEstateConvergesAndStaysClean(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "eu-west-1")
	connected := a.connect(t)
	specs, err := stacks.Estate(stacks.SizeSmall, "dev", []string{"eu-west-1"})
	require.NoError(t, err)
	writers, readers := map[string]auto.Stack{}, []auto.Stack{}
	for _, spec := range specs {
		spec.Parameters = with(t, spec.Parameters, map[string]string{
			aegis.LayerSecurity: `{"cloud_events":true,"workload_roles":{"flow-logs":{"service":"vpc-flow-logs.amazonaws.com","actions":["logs:CreateLogStream","logs:DescribeLogGroups","logs:DescribeLogStreams","logs:PutLogEvents"]}}}`,
			aegis.LayerNetwork:  `{"data_subnets":true,"flow_log_days":7,"endpoints":{"gateway":["s3"],"interface":["kms","ecr.api"]}}`,
		}[spec.Layer])
		writers[spec.Layer] = a.stack(t, spec)
		readers = append(readers, a.stack(t, spec))
	}
	write := func(ctx context.Context, stack auto.Stack) error {
		if err := assume(ctx, connected, stack, &aegis.ExecutionPolicy{}); err != nil {
			return err
		}
		_, err := stack.Up(ctx, optup.SuppressProgress())
		return err
	}
	for _, layers := range [][]string{{"security"}, {"network", "data", "edge"}, {"runtime"}} {
		var wave []auto.Stack
		for _, layer := range layers {
			wave = append(wave, writers[layer])
		}
		require.NoError(t, together(t.Context(), wave, write))
	}
	prices, err := pricing.Load()
	require.NoError(t, err)
	require.NoError(t, together(t.Context(), readers, func(ctx context.Context, stack auto.Stack) error {
		if err := assume(ctx, connected, stack, nil); err != nil {
			return err
		}
		if err := clean(ctx, stack); err != nil {
			return err
		}
		return checkAdapter(ctx, connected, prices, stack)
	}))
}

// with has a layer make more than the small estate's.
func with(t *testing.T, parameters json.RawMessage, patch string) json.RawMessage {
	t.Helper()
	if patch == "" {
		return parameters
	}
	merged, err := jsonpatch.MergePatch(parameters, []byte(patch))
	require.NoError(t, err)
	return merged
}

// assume gives an engine the keys of a run.
func assume(ctx context.Context, connected *cloud.Cloud, stack auto.Stack, policy *aegis.ExecutionPolicy) error {
	name, err := aegis.ParseStackID(stack.Name())
	if err != nil {
		return err
	}
	keys, err := connected.Credentials(ctx, aegis.StackRun{ChangeSetID: "cs-test", Policy: policy, Stack: aegis.Stack{
		StackID: stack.Name(), Kind: aegis.TargetPulumiStack,
		Environment: name.Environment, Layer: name.Layer, Region: name.Region,
	}})
	if err != nil {
		return err
	}
	return stack.Workspace().SetEnvVars(map[string]string{
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey, "AWS_SESSION_TOKEN": keys.SessionToken,
	})
}

func together(ctx context.Context, all []auto.Stack, do func(context.Context, auto.Stack) error) error {
	var group errgroup.Group
	faults := make([]error, len(all))
	for i, stack := range all {
		group.Go(func() error {
			faults[i] = do(ctx, stack)
			return nil
		})
	}
	_ = group.Wait() // never an error
	return errors.Join(faults...)
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
