package enginetest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func secrets(t *testing.T, b *bed) {
	t.Helper()
	plan := b.preview(t)
	requireSecretless(t, plan)
	var found bool
	for _, c := range plan.Changes {
		if len(c.Sensitive) > 0 && c.After["name"] == b.want.Prefix+"/password" {
			found = true
			require.Contains(t, c.Sensitive, "value")
			require.Equal(t, aegis.Masked, c.After["value"])
		}
	}
	require.True(t, found, "the secret is listed as sensitive")
	res, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err)
	requireSecretless(t, res)
	require.Equal(t, aegis.Masked, res.Outputs["password"])
	require.Equal(t, b.want.Password, b.Cloud.Parameter(t, b.want.Prefix+"/password"), "AWS has the real one")
	out, err := b.engines.Outputs(t.Context(), b.run)
	require.NoError(t, err)
	requireSecretless(t, out)

	b.Cloud.SetParameter(t, b.want.Prefix+"/password", "sw0rdfish-meddled")
	seen, err := b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Len(t, seen.Drift, 1, "drift of a secret is seen")
	requireSecretless(t, seen)

	b.want.Password = "sw0rdfish-refused"
	remove := b.Cloud.Hook(&Hook{Action: "PutParameter", Match: "sw0rdfish-refused", Refuse: true})
	defer remove()
	plan = b.preview(t)
	_, err = b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrProvider)
	require.NotContains(t, err.Error(), "sw0rdfish")
}

func requireSecretless(t *testing.T, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NotContains(t, string(text), "sw0rdfish")
}

func providerError(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.want.Settings["bad"], b.want.Settings["good"] = "x", "y"
	plan := b.preview(t)
	remove := b.Cloud.Hook(&Hook{Action: "PutParameter", Match: b.want.Prefix + "/bad", Refuse: true})
	_, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	remove()
	require.ErrorIs(t, err, aegis.ErrProvider)
	require.ErrorContains(t, err, "AccessDenied")
	require.ErrorContains(t, err, b.Setting("bad"))
	require.Equal(t, "one", b.Cloud.Parameter(t, b.want.Prefix+"/a"))

	_, err = b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err, "the state is valid")
	plan, _ = b.apply(t)
	require.Equal(t, aegis.ActionCreate, actions(plan.Changes)[b.Setting("bad")])
	require.Equal(t, "x", b.Cloud.Parameter(t, b.want.Prefix+"/bad"))
	require.Equal(t, "y", b.Cloud.Parameter(t, b.want.Prefix+"/good"))
	require.Empty(t, b.preview(t).Changes)
}

func cancelled(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.want.LogGroups["slow"] = b.want.Prefix + "/slow"
	plan := b.preview(t)
	hook := &Hook{
		Action: "CreateLogGroup", Match: b.want.Prefix + "/slow",
		Reached: make(chan struct{}), Release: make(chan struct{}),
	}
	defer b.Cloud.Hook(hook)()
	failed := make(chan error, 1)
	go func() {
		_, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
		failed <- err
	}()
	select {
	case <-hook.Reached:
	case err := <-failed:
		require.FailNow(t, "the apply ended before it could be cancelled", "%v", err)
	}
	require.NoError(t, b.engines.Cancel(t.Context(), b.run.Stack.StackID))
	close(hook.Release)
	if err := <-failed; err != nil {
		require.ErrorIs(t, err, aegis.ErrCancelled)
	}
	_, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err, "the state is valid")
	_, err = b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err, "what is left of the judged plan is applied")
	require.Empty(t, b.preview(t).Changes)
}

func orphanedLock(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.Lock(t, b.run.Stack)
	b.want.Settings["a"] = "after the lock"
	plan := b.preview(t)
	lease := b.run.FencingToken
	b.run.FencingToken = 0
	_, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.Error(t, err, "a lock is not removed without a lease")
	b.run.FencingToken = lease
	res, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err)
	require.Contains(t, res.Healed, "orphaned lock removed")
	require.Equal(t, "after the lock", b.Cloud.Parameter(t, b.want.Prefix+"/a"))
}

func corruptState(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.want.Settings["later"] = "x"
	b.apply(t)
	good, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err)

	b.Corrupt(t, b.run.Stack)
	_, err = b.engines.Snapshot(t.Context(), b.run)
	require.ErrorIs(t, err, aegis.ErrStateCorrupt)
	healed, err := b.engines.Repair(t.Context(), b.run)
	require.NoError(t, err)
	require.Len(t, healed, 1)
	require.Contains(t, healed[0], "restored the snapshot")
	require.Empty(t, b.preview(t).Changes, "the newest state is back")

	b.Corrupt(t, b.run.Stack)
	require.NoError(t, b.engines.Restore(t.Context(), b.run, good))
	require.Empty(t, b.preview(t).Changes)
}

// crash kills the process that applies, in the middle of a creation.
func crash(t *testing.T, b *bed) {
	t.Helper()
	res := b.crash(t, func() {})
	require.Contains(t, res.Healed, "orphaned lock removed")
}

// crashUnrecorded kills it before its engine wrote down what it had begun.
func crashUnrecorded(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	before, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err)
	b.crash(t, func() { require.NoError(t, b.engines.Restore(t.Context(), b.run, before)) })
}

// crash kills an apply, calls after, and has the next one go on.
func (b *bed) crash(t *testing.T, after func()) aegis.ApplyResult {
	t.Helper()
	b.apply(t)
	b.want.LogGroups["slow"], b.want.Settings["other"] = b.want.Prefix+"/slow", "x"
	plan := b.preview(t)
	hook := &Hook{
		Action: "CreateLogGroup", Match: b.want.Prefix + "/slow",
		Reached: make(chan struct{}), Release: make(chan struct{}),
	}
	defer b.Cloud.Hook(hook)()
	kill := b.helper(t, Order{
		Stack: b.run.Stack, Spec: b.run.Spec, Policy: b.run.Policy, FencingToken: b.run.FencingToken, Digest: plan.Digest,
	})
	<-hook.Reached
	kill()
	close(hook.Release)
	b.Cloud.Settle(t)

	b.run.FencingToken++
	after()
	res, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err, "what is left of the judged plan is applied")
	require.Contains(t, res.Healed, "adopted aws_cloudwatch_log_group "+b.want.Prefix+"/slow after a crash")
	require.Equal(t, "x", b.Cloud.Parameter(t, b.want.Prefix+"/other"))
	require.Equal(t, 1, b.Cloud.Calls(hook), "nothing is created twice")
	require.Empty(t, b.preview(t).Changes)
	seen, err := b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift)
	return res
}

// Order is what a helper process is to apply.
type Order struct {
	Stack        aegis.Stack            `json:"stack"`
	Spec         aegis.Spec             `json:"spec"`
	Policy       *aegis.ExecutionPolicy `json:"policy"`
	FencingToken int64                  `json:"fencing_token"`
	Digest       string                 `json:"digest"`
}

// Run is the operation that is ordered.
func (o Order) Run() aegis.StackRun {
	return aegis.StackRun{Stack: o.Stack, Spec: o.Spec, Policy: o.Policy, FencingToken: o.FencingToken}
}

// Helper starts a process that applies the order with a Config like the
// Subject's, and returns what kills it, as with kill -9, and waits for its end.
type Helper func(*testing.T, Order) (kill func())
