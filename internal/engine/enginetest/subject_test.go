package enginetest

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
)

// Subject is an engine under test.
type Subject struct {
	// Config is complete except for Find, which the suite sets.
	Config engine.Config
	Cloud  *Cloud
	// Stack returns a stack of the given id whose program, or configuration,
	// has the resources of Parameters.
	Stack func(t *testing.T, id string) aegis.Stack
	// Setting and LogGroup are the addresses of resources by their names.
	Setting, LogGroup func(name string) string
	// Corrupt destroys the state of a stack, as a bad disk would.
	Corrupt func(t *testing.T, stack aegis.Stack)
	// Lock leaves a lock on the state that no process holds.
	Lock func(t *testing.T, stack aegis.Stack)

	looks *looks
}

// bed is one test's stack.
type bed struct {
	Subject
	engines *engine.Engines
	helper  Helper
	run     aegis.StackRun
	want    Parameters
}

// newBed makes a stack of its own for a test, with one setting and one log
// group wanted.
func newBed(t *testing.T, s Subject, e *engine.Engines, serial *atomic.Int64, name string) *bed {
	t.Helper()
	serial.Add(1)
	id := "test." + name + ".eu-west-1"
	b := &bed{
		Subject: s, engines: e,
		want: Parameters{
			Prefix: "/" + name, Settings: map[string]string{"a": "one"}, Password: "sw0rdfish-" + name,
			LogGroups: map[string]string{"l": "/" + name + "/l"}, Retention: 7,
		},
	}
	b.run = aegis.StackRun{Stack: s.Stack(t, id), ChangeSetID: "cs-1", FencingToken: serial.Load()}
	b.run.Policy = &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{Region}}}
	return b
}

// preview plans what is wanted now.
func (b *bed) preview(t *testing.T) aegis.Plan {
	t.Helper()
	b.run.Spec = b.want.Spec()
	plan, err := b.engines.Preview(t.Context(), b.run)
	require.NoError(t, err)
	return plan
}

// apply plans and applies what is wanted now.
func (b *bed) apply(t *testing.T) (aegis.Plan, aegis.ApplyResult) {
	t.Helper()
	plan := b.preview(t)
	res, err := b.engines.Apply(t.Context(), b.run, plan.Digest)
	require.NoError(t, err)
	return plan, res
}

// actions are the planned actions by address.
func actions(changes []aegis.ResourceChange) map[string]aegis.Action {
	m := map[string]aegis.Action{}
	for _, c := range changes {
		m[c.Address] = c.Action
	}
	return m
}
