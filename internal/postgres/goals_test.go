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

	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))

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
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))

	require.ErrorIs(t, db.CreateGoal(t.Context(), goal, ""), aegis.ErrConflict)

	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job`))
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM events`))
}

func TestCreateGoalRefusesNUL(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	goal := newGoal("x")
	goal.Submitter = "a\x00b"

	require.ErrorIs(t, db.CreateGoal(t.Context(), goal, ""), aegis.ErrInvalid)

	require.Zero(t, count(t, conn, `SELECT count(*) FROM river_job`))
}

func TestUpdateGoal(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	goal := newGoal("x")
	goal.TraceID, goal.Agent = aegis.NewID(aegis.TracePrefix, time.Now()), "night-shift"
	require.ErrorIs(t, db.UpdateGoal(t.Context(), goal), aegis.ErrNotFound)
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))

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
	trace, err = db.Trace(t.Context(), goal.TraceID)
	require.NoError(t, err)
	require.Equal(t, "succeeded", trace.Outcome)
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
	require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
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

	goal.State = aegis.GoalCancelled
	require.NoError(t, db.UpdateGoal(t.Context(), goal))
	late := newChangeSet("dev.runtime.eu-west-1")
	late.GoalID = goal.GoalID
	require.ErrorIs(t, db.InsertChangeSet(t.Context(), late), aegis.ErrConflict, "its goal has ended")
	_, err = db.ChangeSet(t.Context(), late.ChangeSetID)
	require.ErrorIs(t, err, aegis.ErrNotFound)
}

func TestGoalsPageNewestFirst(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	at := time.Now()
	var want []string
	for i := range 7 {
		goal := newGoal("x")
		goal.CreatedAt = at.Add(-time.Duration(i/2) * time.Second) // pairs of the same time
		require.NoError(t, db.CreateGoal(t.Context(), goal, ""))
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

// Of two open goals that ask the same there is one, until it ends.
func TestTwins(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	first, second := newGoal("Add  2 nodes"), newGoal("add 2 nodes")
	second.Submitter, second.Priority = "bob", aegis.PriorityHigh
	require.Equal(t, first.Twin(), second.Twin())
	other := second
	other.Agent = "night-shift"
	require.NotEqual(t, first.Twin(), other.Twin())

	require.NoError(t, db.CreateGoal(t.Context(), first, first.Twin()))
	require.ErrorIs(t, db.CreateGoal(t.Context(), second, second.Twin()), aegis.ErrConflict)
	found, err := db.OpenTwin(t.Context(), second.Twin())
	require.NoError(t, err)
	require.Equal(t, first.GoalID, found.GoalID)
	_, err = db.OpenTwin(t.Context(), "")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.NoError(t, db.CreateGoal(t.Context(), second, ""), "asked again on purpose")

	first.State = aegis.GoalSucceeded
	require.NoError(t, db.UpdateGoal(t.Context(), first))
	_, err = db.OpenTwin(t.Context(), second.Twin())
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.NoError(t, db.CreateGoal(t.Context(), newGoal("add 2 nodes"), second.Twin()))
}

// The end of a goal wakes those that wait for it, whichever was first.
func TestEndsWakeDependents(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	jobs := func(id string) int {
		return count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'goal' AND args ->> 'goal_id' = '`+id+`'`)
	}
	first, second, third := newGoal("a"), newGoal("b"), newGoal("c")
	second.DependsOn, third.DependsOn = []string{first.GoalID}, []string{second.GoalID, first.GoalID}
	for _, g := range []aegis.Goal{first, second, third} {
		require.NoError(t, db.CreateGoal(t.Context(), g, ""))
		require.Equal(t, 1, jobs(g.GoalID))
	}
	first.State = aegis.GoalRunning
	require.NoError(t, db.UpdateGoal(t.Context(), first))
	require.Equal(t, 1, jobs(second.GoalID))
	first.State = aegis.GoalSucceeded
	require.NoError(t, db.UpdateGoal(t.Context(), first))
	require.Equal(t, 2, jobs(second.GoalID))
	require.Equal(t, 2, jobs(third.GoalID))
	require.Zero(t, count(t, conn, `SELECT count(*) FROM river_job WHERE priority < 2`), "woken goals don't go before others")
	second.State = aegis.GoalCancelled
	require.NoError(t, db.UpdateGoal(t.Context(), second))
	require.Equal(t, 2, jobs(second.GoalID))
	require.Equal(t, 3, jobs(third.GoalID))
	got, err := db.Goal(t.Context(), third.GoalID)
	require.NoError(t, err)
	require.Equal(t, third.DependsOn, got.DependsOn)
}

// Who has many goals waiting waits behind those who have few; urgency counts among
// equals.
func TestGoalsAreTakenInFairOrder(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	ask := func(submitter string, priority aegis.GoalPriority) int {
		g := newGoal("x")
		g.Submitter, g.Priority = submitter, priority
		require.NoError(t, db.CreateGoal(t.Context(), g, ""))
		return count(t, conn, `SELECT priority FROM river_job WHERE args ->> 'goal_id' = '`+g.GoalID+`'`)
	}
	require.Equal(t, 2, ask("eager", ""))
	require.Equal(t, 1, ask("eager", aegis.PriorityHigh))
	require.Equal(t, 3, ask("eager", aegis.PriorityLow))
	for range 17 {
		ask("eager", "")
	}
	require.Equal(t, 3, ask("eager", ""), "the twenty-first")
	require.Equal(t, 2, ask("eager", aegis.PriorityHigh))
	require.Equal(t, 4, ask("eager", aegis.PriorityLow))
	require.Equal(t, 2, ask("modest", ""))
}
