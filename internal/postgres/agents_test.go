package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestAgents(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	ten := 10.0
	made := aegis.Agent{
		AgentID: aegis.NewID(aegis.AgentPrefix, time.Now()), Name: "night-shift", Role: "keeps us up", CreatedBy: "alice",
		Envelope:  aegis.AgentEnvelope{Regions: []string{"eu-west-1"}, Layers: []string{"runtime"}, Budget: &aegis.Budget{USDMonth: &ten}, NoDeletions: true},
		CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	require.NoError(t, db.CreateAgent(t.Context(), made))
	again := made
	again.AgentID = aegis.NewID(aegis.AgentPrefix, time.Now())
	require.ErrorIs(t, db.CreateAgent(t.Context(), again), aegis.ErrConflict, "the name is taken")
	again.Name = "a\x00b"
	require.ErrorIs(t, db.CreateAgent(t.Context(), again), aegis.ErrInvalid)

	for _, id := range []string{made.AgentID, made.Name} {
		got, err := db.Agent(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, made.Envelope, got.Envelope)
		require.True(t, made.CreatedAt.Equal(got.CreatedAt))
	}
	_, err := db.Agent(t.Context(), "none")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	again.Name, again.CreatedAt = "day-shift", made.CreatedAt.Add(time.Second)
	require.NoError(t, db.CreateAgent(t.Context(), again))
	first, next, err := db.Agents(t.Context(), aegis.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "day-shift", first[0].Name)
	rest, next, err := db.Agents(t.Context(), aegis.Page{Limit: 1, Cursor: next})
	require.NoError(t, err)
	require.Equal(t, "night-shift", rest[0].Name)
	require.Empty(t, next)
}

// A goal's task has one change set, however often it is proposed.
func TestATaskHasOneChangeSet(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	propose := func(goal, task string) error {
		return db.InsertChangeSet(t.Context(), aegis.AutonomousChangeSet{
			ChangeSetID: aegis.NewID(aegis.ChangeSetPrefix, time.Now()), GoalID: goal, TaskID: task, Source: aegis.SourceGoal, Phase: aegis.PhasePlan,
			PromotionState: aegis.StateProposed, Version: 1, Patches: []aegis.SpecPatch{{MergePatch: json.RawMessage(`{}`)}},
		})
	}
	require.NoError(t, propose("goal-1", "1.1.runtime"))
	require.ErrorIs(t, propose("goal-1", "1.1.runtime"), aegis.ErrConflict)
	require.NoError(t, propose("goal-1", "1.1.edge"))
	require.NoError(t, propose("goal-2", "1.1.runtime"))
	require.NoError(t, propose("goal-1", ""))
	require.NoError(t, propose("goal-1", ""), "change sets without a task are as many as there are")
}
