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
		Envelope: aegis.AgentEnvelope{Regions: []string{"eu-west-1"}, Layers: []string{"runtime"}, Budget: &aegis.Budget{USDMonth: &ten}, NoDeletions: true},
		Tools:    []string{"list_stacks"}, CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
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
		require.Equal(t, made.Tools, got.Tools)
		require.Empty(t, got.Models)
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

// An agent may act while who made it has a token that may operate.
func TestAgentsMayActWhileTheirMakersMayOperate(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	require.NoError(t, db.CreateAgent(t.Context(), aegis.Agent{AgentID: "agt-1", Name: "night-shift", CreatedBy: "ana"}))
	require.ErrorIs(t, db.MayAct(t.Context(), "none"), aegis.ErrNotFound)
	n := byte(0)
	grant := func(name string, role aegis.Role, expires time.Duration) string {
		n++
		token := aegis.Token{TokenID: aegis.NewID(aegis.TokenPrefix, time.Now()), Name: name, Role: role}
		if expires > 0 {
			at := time.Now().Add(expires)
			token.ExpiresAt = &at
		}
		require.NoError(t, db.CreateToken(t.Context(), token, [32]byte{n}))
		return token.TokenID
	}
	refused := func(why string) {
		t.Helper()
		err := db.MayAct(t.Context(), "night-shift")
		require.ErrorIs(t, err, aegis.ErrForbidden, why)
		require.ErrorContains(t, err, "made by ana")
	}
	refused("ana has no token")
	grant("ana", aegis.RoleSubmitter, 0)
	grant("ben", aegis.RoleAdmin, 0)
	refused("a submitter may not operate, and ben is another")
	first, second := grant("ana", aegis.RoleOperator, time.Hour), grant("ana", aegis.RoleAdmin, 0)
	require.NoError(t, db.MayAct(t.Context(), "night-shift"))
	require.NoError(t, db.RevokeToken(t.Context(), second))
	require.NoError(t, db.MayAct(t.Context(), "night-shift"), "one is enough")
	_, err := conn.Exec(t.Context(), `UPDATE tokens SET expires_at = now() - interval '1 second' WHERE token_id = $1`, first)
	require.NoError(t, err)
	refused("her last one has expired")
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

// A step is added once, ended once, and then stays.
func TestAgentSteps(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	now := time.Now().UTC().Truncate(time.Second)
	first := aegis.AgentStep{GoalID: "goal-1", Number: 1, Tool: "list_stacks", Input: json.RawMessage(`{"layer": "data"}`), Model: "m", CostUSD: 0.25, StartedAt: now}
	require.NoError(t, db.SaveAgentStep(t.Context(), first))
	require.NoError(t, db.SaveAgentStep(t.Context(), first), "tried again")
	first.EndedAt, first.Output = &now, `{"items":[]}`
	require.NoError(t, db.SaveAgentStep(t.Context(), first))
	changed := first
	changed.Output = "another"
	require.ErrorIs(t, db.SaveAgentStep(t.Context(), changed), aegis.ErrConflict)
	second := aegis.AgentStep{GoalID: "goal-1", Number: 2, Values: map[string]string{"service": "shop"}, Model: "m", StartedAt: now, EndedAt: &now}
	require.NoError(t, db.SaveAgentStep(t.Context(), second))
	got, err := db.AgentSteps(t.Context(), "goal-1")
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.JSONEq(t, string(first.Input), string(got[0].Input))
	first.Input, got[0].Input = nil, nil
	require.Equal(t, []aegis.AgentStep{first, second}, got)
	none, err := db.AgentSteps(t.Context(), "goal-2")
	require.NoError(t, err)
	require.Empty(t, none)
}
