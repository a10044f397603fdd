package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestCreateGoalWritesRowEventAndJob(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	month := 12.5
	goal := newGoal("scale the runtime to 4 nodes")
	goal.Budget = &aegis.Budget{USDMonth: &month}
	goal.TraceID = aegis.NewID(aegis.TracePrefix, time.Now())

	require.NoError(t, db.CreateGoal(t.Context(), goal))

	got, err := db.Goal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, goal.GoalSpec, got.GoalSpec)
	require.Equal(t, aegis.GoalAccepted, got.State)
	require.Equal(t, "alice", got.Submitter)
	require.WithinDuration(t, goal.CreatedAt, got.CreatedAt, time.Microsecond)
	require.Equal(t, 1, count(t, conn, `
		SELECT count(*) FROM river_job
		WHERE kind = 'goal' AND queue = 'goals' AND state = 'available' AND args->>'goal_id' = $1`, goal.GoalID))
	events, err := db.Events(t.Context(), goal.GoalID, 0, 0)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, "goal.accepted", events[0].Type)
	require.JSONEq(t, `{"goal_id":"`+goal.GoalID+`","state":"accepted","error":""}`, string(events[0].Data))
}

func TestCreateGoalTwiceLeavesOne(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	goal := newGoal("x")
	require.NoError(t, db.CreateGoal(t.Context(), goal))

	require.ErrorIs(t, db.CreateGoal(t.Context(), goal), aegis.ErrConflict)

	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events`))
}

func TestCreateGoalRefusesNUL(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	goal := newGoal("x")
	goal.Submitter = "a\x00b"

	require.ErrorIs(t, db.CreateGoal(t.Context(), goal), aegis.ErrInvalid)

	require.Zero(t, count(t, conn, `SELECT count(*) FROM river_job`))
}

func TestUpdateGoal(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	goal := newGoal("x")
	goal.TraceID, goal.Agent = aegis.NewID(aegis.TracePrefix, time.Now()), "night-shift"
	require.ErrorIs(t, db.UpdateGoal(t.Context(), goal), aegis.ErrNotFound)
	require.NoError(t, db.CreateGoal(t.Context(), goal))

	goal.State, goal.Understanding = aegis.GoalRunning, "scale_runtime"
	goal.Plan = &aegis.GoalPlan{Plans: 1, Tasks: []aegis.Task{{TaskID: "1.1.runtime", State: aegis.TaskRunning}}}
	require.NoError(t, db.UpdateGoal(t.Context(), goal, aegis.TraceStep{Name: "plan", DurationMS: 3, ModelCalls: 1, CostUSD: 0.5}))
	trace, err := db.Trace(t.Context(), goal.TraceID)
	require.NoError(t, err)
	require.Equal(t, "plan", trace.Steps[0].Name)
	require.Equal(t, 1, trace.ModelCalls)
	require.InDelta(t, 0.5, trace.TokenCost, 1e-9)
	goal.Result = &aegis.GoalResult{Achieved: []string{"it"}, USDMonth: 2}
	goal.State = aegis.GoalSucceeded
	require.NoError(t, db.UpdateGoal(t.Context(), goal))
	goal.State = aegis.GoalFailed
	require.ErrorIs(t, db.UpdateGoal(t.Context(), goal), aegis.ErrConflict, "a terminal state is final")

	got, err := db.Goal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, aegis.GoalSucceeded, got.State)
	require.Equal(t, "scale_runtime", got.Understanding)
}

func TestGoalKnowsItsChangeSets(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	goal := newGoal("x")
	require.NoError(t, db.CreateGoal(t.Context(), goal))
	var ids []string
	for i := range 3 {
		cs := newChangeSet("dev.runtime.eu-west-1")
		cs.GoalID, cs.CreatedAt = goal.GoalID, goal.CreatedAt.Add(time.Duration(i)*time.Second)
		require.NoError(t, db.InsertChangeSet(t.Context(), cs))
		ids = append(ids, cs.ChangeSetID)
	}

	got, err := db.Goal(t.Context(), goal.GoalID)
	require.NoError(t, err)
	require.Equal(t, ids, got.ChangeSetIDs)
}

func TestGoalsPageNewestFirst(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	at := time.Now()
	var want []string
	for i := range 7 {
		goal := newGoal("x")
		goal.CreatedAt = at.Add(-time.Duration(i/2) * time.Second) // pairs of the same time
		require.NoError(t, db.CreateGoal(t.Context(), goal))
	}
	all, next, err := db.Goals(t.Context(), aegis.Page{})
	require.NoError(t, err)
	require.Empty(t, next)
	for _, g := range all {
		want = append(want, g.GoalID)
	}
	require.Len(t, want, 7)

	var got []string
	for cursor := ""; ; {
		page, next, err := db.Goals(t.Context(), aegis.Page{Limit: 3, Cursor: cursor})
		require.NoError(t, err)
		for _, g := range page {
			got = append(got, g.GoalID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	require.Equal(t, want, got)
	_, _, err = db.Goals(t.Context(), aegis.Page{Cursor: "nonsense"})
	require.ErrorIs(t, err, aegis.ErrInvalid)
}
