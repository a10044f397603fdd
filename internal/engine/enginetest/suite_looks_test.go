package enginetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
)

// looks are the paths that looks took, by stack.
type looks struct {
	mu    sync.Mutex
	paths map[string][]engine.LookPath
}

func (l *looks) add(run aegis.StackRun, path engine.LookPath) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths[run.Stack.StackID] = append(l.paths[run.Stack.StackID], path)
}

// take returns the paths since it was called last.
func (l *looks) take(stackID string) []engine.LookPath {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.paths[stackID]
	l.paths[stackID] = nil
	return taken
}

// look refreshes as a sweep does, which may change nothing, and says how it was
// answered.
func (b *bed) look(t *testing.T, targets ...string) (aegis.Observation, engine.LookPath, error) {
	t.Helper()
	run := b.run
	run.Policy, run.FencingToken, run.ChangeSetID, run.Targets = nil, 0, "", targets
	b.looks.take(run.Stack.StackID)
	seen, err := b.engines.Refresh(t.Context(), run)
	paths := b.looks.take(run.Stack.StackID)
	require.Len(t, paths, 1)
	return seen, paths[0], err
}

func proves(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	_, _, err := b.look(t)
	require.NoError(t, err)
	for range 2 {
		seen, path, err := b.look(t)
		require.NoError(t, err)
		require.Equal(t, engine.LookWarm, path, "no engine is run for a clean stack")
		require.Equal(t, b.run.Stack.StackID, seen.StackID)
		require.Empty(t, seen.Drift)
		require.Equal(t, 3, seen.ResourceCount)
		require.Len(t, seen.Checks, 1)
		require.False(t, seen.ObservedAt.IsZero())
		lists(t, b, seen.Resources)
		requireSecretless(t, seen)
	}

	unreadable(t, b)
	b.Cloud.SetParameter(t, b.want.Prefix+"/a", "meddled")
	seen, path, err := b.look(t, b.LogGroup("l"), b.Setting("not-there"))
	require.NoError(t, err)
	require.Equal(t, engine.LookWarm, path, "what is not asked for is not read")
	require.Empty(t, seen.Drift)
	require.Equal(t, []string{b.LogGroup("l"), b.Setting("not-there")}, seen.Targets)
	require.Equal(t, 3, seen.ResourceCount)
	lists(t, b, seen.Resources)
	seen, path, err = b.look(t, b.Setting("a"))
	require.NoError(t, err)
	require.Equal(t, engine.LookEngine, path, "what differs is reported by the engine")
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(seen.Drift))
	b.Cloud.SetParameter(t, b.want.Prefix+"/a", "one")

	b.Cloud.SetParameter(t, b.want.Prefix+"/password", "sw0rdfish-meddled")
	seen, path, err = b.look(t)
	require.NoError(t, err)
	require.Equal(t, engine.LookEngine, path)
	require.NotEmpty(t, seen.Drift, "a secret is compared, too")
	requireSecretless(t, seen)
	b.Cloud.SetParameter(t, b.want.Prefix+"/password", b.want.Password)

	b.Cloud.DeleteLogGroup(t, b.want.Prefix+"/l")
	seen, path, err = b.look(t)
	require.NoError(t, err)
	require.Equal(t, engine.LookEngine, path)
	require.Equal(t, aegis.ActionDelete, actions(seen.Drift)[b.LogGroup("l")])
}

// unreadable has a read refused.
func unreadable(t *testing.T, b *bed) {
	t.Helper()
	remove := b.Cloud.Hook(&Hook{Action: "GetParameter", Match: b.want.Prefix + "/a", Refuse: true})
	defer remove()
	_, path, err := b.look(t)
	require.ErrorIs(t, err, aegis.ErrProvider, "a resource that can't be read is unknown")
	require.Equal(t, engine.LookEngine, path, "the error is the engine's")
}
