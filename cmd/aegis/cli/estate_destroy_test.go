package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/cmd/aegis/cli"
)

// teardown is an API with an estate of which layer data is read by runtime and
// edge, and edge by nobody, and a door that finishes what destroys.
type teardown struct {
	*apitest.Store

	env   map[string]string
	fails string

	mu    sync.Mutex
	order []string
}

func newTeardown(t *testing.T) *teardown {
	t.Helper()
	d := &teardown{Store: apitest.NewStore()}
	srv := apitest.Serve(t, d.Store)
	d.env = map[string]string{"AEGIS_URL": srv.URL, "AEGIS_TOKEN": srv.Token}
	d.put(t, "dev.data.eu-west-1", `{"deletable":true,"databases":{"main":{"deletable":true}}}`)
	d.put(t, "dev.runtime.eu-west-1", `{"deletable":true}`, "dev.data.eu-west-1")
	d.put(t, "dev.edge.eu-west-1", `{"deletable":true}`, "dev.data.eu-west-1")
	d.put(t, "dev.edge.us-east-1", `{"deletable":true}`, "dev.edge.eu-west-1")
	require.NoError(t, d.UpsertStack(t.Context(), aegis.Stack{StackID: "dns", Kind: aegis.TargetTerraformWorkspace, State: aegis.StackClean, Revision: 1}))
	return d
}

func (d *teardown) put(t *testing.T, id, parameters string, dependsOn ...string) {
	t.Helper()
	require.NoError(t, d.UpsertStack(t.Context(), aegis.Stack{
		StackID: id, Kind: aegis.TargetPulumiStack, State: aegis.StackClean, Revision: 1, DependsOn: dependsOn,
		Spec: &aegis.Spec{Parameters: json.RawMessage(parameters)},
	}))
}

// work finishes change sets until the test ends: it promotes what destroys, once
// nothing reads the stack, and fails the one that is to fail.
func (d *teardown) work(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var errs error
		for ctx.Err() == nil {
			open, _, err := d.ChangeSets(ctx, aegis.ChangeSetFilter{State: aegis.StateProposed}, aegis.Page{Limit: 500})
			errs = errors.Join(errs, err)
			for _, cs := range open {
				errs = errors.Join(errs, d.finish(ctx, cs))
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		done <- errs
	}()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
}

func (d *teardown) finish(ctx context.Context, cs aegis.AutonomousChangeSet) error {
	id := cs.Target.StackIDs[0]
	cs.PromotionState = aegis.StatePromoted
	if id == d.fails {
		cs.PromotionState, cs.Denials = aegis.StateDenied, []aegis.RuleResult{{Code: "frozen", Msg: "not today"}}
		d.PutChangeSet(cs)
		return nil
	}
	stack, err := d.Stack(ctx, id)
	if err != nil {
		return err
	}
	stack.State = aegis.StackPending
	if err := d.UpsertStack(ctx, stack); err != nil {
		return err
	}
	d.mu.Lock()
	d.order = append(d.order, id)
	d.mu.Unlock()
	d.PutChangeSet(cs)
	return nil
}

func TestEstateDestroyKeepsTheRoleThatItWorksWith(t *testing.T) {
	t.Parallel()
	d := newTeardown(t)
	for _, layer := range []string{aegis.LayerSecurity, aegis.LayerNetwork} {
		require.NoError(t, d.UpsertStack(t.Context(), aegis.Stack{
			StackID: "dev." + layer + ".eu-north-1", Kind: aegis.TargetPulumiStack, State: aegis.StackClean, Revision: 1, Environment: "dev", Layer: layer,
			Region: "eu-north-1", Spec: &aegis.Spec{Parameters: json.RawMessage(`{"deletable":true}`)},
		}))
	}
	_, err := client.New(d.env["AEGIS_URL"], d.env["AEGIS_TOKEN"]).DestroyStack(t.Context(), "dev.security.eu-north-1")
	require.ErrorContains(t, err, "others need it, destroy them first: dev.network.eu-north-1")
	d.work(t)
	code, _, errs := d.run(t, "--yes")
	require.Zero(t, code, errs)
	require.Less(t, slices.Index(d.order, "dev.network.eu-north-1"), slices.Index(d.order, "dev.security.eu-north-1"))
}

func (d *teardown) run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	code = cli.Run(t.Context(), append([]string{"estate", "destroy"}, args...), cli.Streams{Out: &o, Err: &e}, func(k string) string { return d.env[k] }, operations())
	return code, o.String(), e.String()
}

func TestEstateDestroyRemovesWhatReadsFirst(t *testing.T) {
	t.Parallel()
	d := newTeardown(t)
	d.work(t)
	code, out, errs := d.run(t, "--yes", "-o", "json")
	require.Zero(t, code, errs)
	var answer struct{ Stacks []client.Leaving }
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Len(t, answer.Stacks, 4, "the adopted workspace is no part of it")
	for _, l := range answer.Stacks {
		require.Equal(t, client.LeavingGone, l.State)
	}
	require.ElementsMatch(t, []string{"dev.edge.us-east-1", "dev.edge.eu-west-1", "dev.runtime.eu-west-1", "dev.data.eu-west-1"}, d.order)
	require.Equal(t, "dev.data.eu-west-1", d.order[3])
	require.Less(t, slices.Index(d.order, "dev.edge.us-east-1"), slices.Index(d.order, "dev.edge.eu-west-1"))

	code, out, errs = d.run(t, "--yes")
	require.Zero(t, code, errs)
	require.Equal(t, 4, strings.Count(out, "gone  "), "what is gone stays gone")
	require.Len(t, d.order, 4)
}

func TestEstateDestroyTouchesNothing(t *testing.T) {
	t.Parallel()
	d := newTeardown(t)
	code, out, errs := d.run(t)
	require.Equal(t, 2, code)
	require.Regexp(t, `(?s)dev\.edge\.us-east-1.*dev\.edge\.eu-west-1.*dev\.data\.eu-west-1`, out)
	require.Contains(t, errs, "4 stacks would be removed; nothing was touched: add --yes")

	d.put(t, "dev.runtime.eu-west-1", `{}`, "dev.data.eu-west-1")
	d.put(t, "dev.data.eu-west-1", `{"deletable":true,"databases":{"main":{},"side":{"deletable":true}}}`)
	code, _, errs = d.run(t, "--yes")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "nothing was touched, as 2 stacks may not go")
	require.Contains(t, errs, "dev.runtime.eu-west-1: aegis stack set dev.runtime.eu-west-1 deletable=true --watch")
	require.Contains(t, errs, `aegis stack set dev.data.eu-west-1 'databases={"main":{"deletable":true}}' --watch`)
	all, _, err := d.ChangeSets(t.Context(), aegis.ChangeSetFilter{}, aegis.Page{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestEstateDestroyGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	d := newTeardown(t)
	d.fails = "dev.runtime.eu-west-1"
	// one is under way already
	_, err := client.New(d.env["AEGIS_URL"], d.env["AEGIS_TOKEN"]).DestroyStack(t.Context(), "dev.edge.us-east-1")
	require.NoError(t, err)
	t.Run("the rest goes", func(t *testing.T) {
		d.work(t)
		code, _, errs := d.run(t, "--yes")
		require.Equal(t, 1, code)
		require.Contains(t, errs, "2 stacks left")
		require.Contains(t, errs, "frozen, not today")
		require.Contains(t, errs, "waiting  dev.data.eu-west-1")
		require.Equal(t, []string{"dev.edge.us-east-1", "dev.edge.eu-west-1"}, d.order)
	})
	d.fails = ""
	d.work(t)
	code, _, errs := d.run(t, "--yes")
	require.Zero(t, code, errs)
	require.Equal(t, []string{"dev.edge.us-east-1", "dev.edge.eu-west-1", "dev.runtime.eu-west-1", "dev.data.eu-west-1"}, d.order)
}
