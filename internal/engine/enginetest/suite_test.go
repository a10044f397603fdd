package enginetest

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
)

// Run runs the conformance suite. The helper starts the process that is to be
// killed in mid-apply: see Crash.
func Run(t *testing.T, s Subject, helper Helper) {
	t.Helper()
	log := &buffer{}
	s.Config.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Config.Find = s.Cloud.Find
	s.looks = &looks{paths: map[string][]engine.LookPath{}}
	s.Config.Looked = s.looks.add
	e, err := engine.New(s.Config)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	var serial atomic.Int64
	for name, test := range map[string]func(*testing.T, *bed){
		"creates, updates, replaces and deletes": lifecycle,
		"finds drift and heals it":               drift,
		"adopts what is real":                    adopts,
		"proves a clean stack clean by reads":    proves,
		"masks secrets":                          secrets,
		"survives a provider's error":            providerError,
		"applies nothing but what was judged":    mismatch,
		"stops when cancelled":                   cancelled,
		"removes an orphaned lock":               orphanedLock,
		"restores a corrupt state":               corruptState,
		"imports":                                imports,
		"takes over what a program imports":      takesOver,
		"resumes after a crash":                  crash,
		"resumes what it had not written down":   crashUnrecorded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, s, e, &serial, slug(name))
			b.helper = helper
			test(t, b)
			require.NotContains(t, log.String(), "sw0rdfish")
		})
	}
}

// slug makes a stack's layer of a test's name.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r < 'a' || r > 'z':
			return -1
		default:
			return r
		}
	}, name)
}

// buffer is a log in memory.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func lifecycle(t *testing.T, b *bed) {
	t.Helper()
	plan := b.preview(t)
	require.Equal(t, plan, b.preview(t), "two plans of the same are the same")
	require.Equal(t, aegis.ActionCreate, actions(plan.Changes)[b.Setting("a")])
	require.Equal(t, 3, plan.ResourceCount)

	var mu sync.Mutex
	var seen []aegis.ResourceEvent
	b.run.Progress = func(e aegis.ResourceEvent) { mu.Lock(); defer mu.Unlock(); seen = append(seen, e) }
	res, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, 3, res.ResourceCount)
	require.Equal(t, b.want.Prefix, res.Outputs["prefix"])
	require.Equal(t, []aegis.Check{{Name: "up", Kind: aegis.CheckAWSHealth, Region: Region}}, res.Checks)
	require.Equal(t, "one", b.Cloud.Parameter(t, b.want.Prefix+"/a"))
	require.Contains(t, seen, aegis.ResourceEvent{
		StackID: b.run.Stack.StackID, Address: b.Setting("a"), Type: "aws_ssm_parameter", Action: aegis.ActionCreate, Status: "done",
	})
	require.True(t, plan.Outputs, "it gives others outputs to read")
	applied := b.preview(t)
	require.Empty(t, applied.Changes, "an applied stack has nothing to do")
	require.False(t, applied.Outputs)

	b.want.Owner = "checkout"
	plan, res = b.apply(t)
	require.Empty(t, plan.Changes)
	require.True(t, plan.Outputs, "an output alone is told of")
	require.Equal(t, "checkout", res.Outputs["owner"])

	b.want.Settings = map[string]string{"b": "two"}
	b.want.Retention = 30
	plan, res = b.apply(t)
	require.Equal(t, map[string]aegis.Action{
		b.Setting("a"): aegis.ActionDelete, b.Setting("b"): aegis.ActionCreate, b.LogGroup("l"): aegis.ActionUpdate,
	}, actions(plan.Changes))
	require.Equal(t, 3, res.ResourceCount)
	require.Empty(t, b.Cloud.Parameter(t, b.want.Prefix+"/a"))
	require.Equal(t, "two", b.Cloud.Parameter(t, b.want.Prefix+"/b"))

	b.want.LogGroups["l"] = b.want.Prefix + "/other"
	plan, _ = b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.LogGroup("l"): aegis.ActionReplace}, actions(plan.Changes))
	require.Equal(t, b.want.Prefix+"/l", plan.Changes[0].Before["name"])
	require.Equal(t, b.want.Prefix+"/other", plan.Changes[0].After["name"])

	out, err := b.engines.Outputs(t.Context(), b.run)
	require.NoError(t, err)
	require.Equal(t, b.want.Prefix, out["prefix"])

	b.run.Destroy = true
	plan = b.preview(t)
	require.ErrorIs(t, b.engines.Destroy(t.Context(), b.run, "another plan's"), aegis.ErrDigestMismatch)
	require.NoError(t, b.engines.Destroy(t.Context(), b.run, plan.Digest))
	require.Len(t, plan.Changes, 3)
	require.Equal(t, aegis.ActionDelete, plan.Changes[0].Action)
	require.Nil(t, plan.Changes[0].After)
	require.Zero(t, plan.ResourceCount)
	require.Empty(t, b.Cloud.Parameter(t, b.want.Prefix+"/b"))
}

func drift(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	seen, err := b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift, "what was just applied has not drifted")
	require.Equal(t, 3, seen.ResourceCount)
	require.Len(t, seen.Checks, 1)
	lists(t, b, seen.Resources)

	before, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err)
	b.Cloud.SetParameter(t, b.want.Prefix+"/a", "meddled")
	b.Cloud.DeleteLogGroup(t, b.want.Prefix+"/l")
	seen, err = b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Equal(t, map[string]aegis.Action{
		b.Setting("a"): aegis.ActionUpdate, b.LogGroup("l"): aegis.ActionDelete,
	}, actions(seen.Drift))
	targeted := b.run
	targeted.Targets = []string{b.Setting("a"), b.Setting("not-there")}
	part, err := b.engines.Refresh(t.Context(), targeted)
	require.NoError(t, err)
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(part.Drift), "only the target is read")
	require.Equal(t, targeted.Targets, part.Targets)
	require.Equal(t, 3, part.ResourceCount)
	require.Len(t, part.Checks, 1)
	lists(t, b, part.Resources)
	after, err := b.engines.Snapshot(t.Context(), b.run)
	require.NoError(t, err)
	require.Equal(t, string(before.Data), string(after.Data), "a refresh writes no state")

	b.run.Refresh = true
	b.run.Targets = []string{b.LogGroup("l")}
	plan, res := b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.LogGroup("l"): aegis.ActionCreate}, actions(plan.Changes), "only the target is planned")
	require.Equal(t, 3, res.ResourceCount)
	require.Len(t, res.Checks, 1)
	lists(t, b, res.Resources)
	require.Equal(t, "meddled", b.Cloud.Parameter(t, b.want.Prefix+"/a"), "the rest is left")
	b.run.Targets = nil
	seen, err = b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(seen.Drift), "and is still seen")

	plan, _ = b.apply(t)
	require.Equal(t, map[string]aegis.Action{b.Setting("a"): aegis.ActionUpdate}, actions(plan.Changes))
	require.Equal(t, "one", b.Cloud.Parameter(t, b.want.Prefix+"/a"))
	seen, err = b.engines.Refresh(t.Context(), b.run)
	require.NoError(t, err)
	require.Empty(t, seen.Drift)
}

// lists checks that resources, and what the engine lists, are those of the
// stack, to be found by their names, and hold no secret.
func lists(t *testing.T, b *bed, resources []aegis.IndexedResource) {
	t.Helper()
	listed, err := b.engines.Resources(t.Context(), b.run)
	require.NoError(t, err)
	require.ElementsMatch(t, listed, resources)
	require.Len(t, listed, 3)
	found := map[string]aegis.IndexedResource{}
	for _, r := range listed {
		found[r.Address] = r
	}
	group := found[b.LogGroup("l")]
	require.Equal(t, b.run.Stack.StackID, group.StackID)
	require.Equal(t, "aws_cloudwatch_log_group", group.Type)
	require.Equal(t, Region, group.Region)
	require.Equal(t, b.want.Prefix+"/l", group.Name)
	require.Equal(t, group.Name, group.ID)
	require.Contains(t, group.ARN, ":log-group:"+group.Name)
	require.NotContains(t, fmt.Sprint(listed), b.want.Password)
}

func mismatch(t *testing.T, b *bed) {
	t.Helper()
	plan := b.preview(t)
	b.want.Settings["a"] = "another"
	b.run.Spec = b.want.Spec()
	_, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.ErrorIs(t, err, aegis.ErrDigestMismatch)
	require.Empty(t, b.Cloud.Parameter(t, b.want.Prefix+"/a"))
	b.apply(t)

	b.want.Password = "sw0rdfish-changed"
	one := b.preview(t)
	b.want.Password = "sw0rdfish-otherwise"
	require.NotEqual(t, one.Digest, b.preview(t).Digest, "a digest is bound to secret values")
	_, err = b.engines.Apply(t.Context(), b.run, one.Digest)
	require.ErrorIs(t, err, aegis.ErrDigestMismatch)
	require.NotContains(t, b.Cloud.Parameter(t, b.want.Prefix+"/password"), "changed")
}

func imports(t *testing.T, b *bed) {
	t.Helper()
	b.apply(t)
	b.want.Settings["found"] = "same"
	b.Cloud.SetParameter(t, b.want.Prefix+"/found", "same")
	b.run.Spec = b.want.Spec()
	require.NoError(t, b.engines.Import(t.Context(), b.run, b.Setting("found"), b.want.Prefix+"/found"))
	plan := b.preview(t)
	require.NotEqual(t, aegis.ActionCreate, actions(plan.Changes)[b.Setting("found")])
	_, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err)
	require.Equal(t, "same", b.Cloud.Parameter(t, b.want.Prefix+"/found"))
}
