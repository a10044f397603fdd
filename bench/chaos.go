package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// ErrChaos says that a change set was lost, applied twice or not resumed in
// time.
var ErrChaos = errors.New("chaos left damage")

// resumeBound is how long a change set may rest after a restart.
const resumeBound = 30 * time.Second

// pointBound is how long a change set may take to come to a point.
const pointBound = 3 * time.Minute

// killPoints are where the process, or its database, is killed: a phase, or a phase while an
// engine applies a stack.
func killPoints() []killPoint {
	return []killPoint{
		{name: "plan", phase: aegis.PhasePlan},
		{name: "gate", phase: aegis.PhaseGate},
		{name: "canary", phase: aegis.PhaseCanary},
		{name: "canary, mid-apply", phase: aegis.PhaseCanary, status: "applying"},
		{name: "apply", phase: aegis.PhaseApply},
		{name: "apply, mid-apply", phase: aegis.PhaseApply, status: "applying"},
		{name: "verify", phase: aegis.PhaseVerify},
		{name: "rollback", phase: aegis.PhaseRollback, fails: true},
		{name: "database, mid-apply", phase: aegis.PhaseApply, status: "applying", database: true},
	}
}

// setting is what a strike's goal sets, in every region. Rounds set the same
// names again: a stack holds a bounded number of them.
type setting struct{ name, value string }

type killPoint struct {
	name   string
	phase  aegis.Phase
	status string
	// fails makes the change fail in one region, so that it is rolled back.
	fails bool
	// database is killed instead of the process; the supervisor restarts it.
	database bool
}

// outcome is what came of one kill.
type outcome struct {
	point   killPoint
	at      aegis.Phase // where it was when the process died
	state   aegis.PromotionState
	resumed time.Duration
	damage  []string
}

// Chaos collects what came of the kills. Several processes may be struck at
// once, each with a data folder of its own.
type Chaos struct {
	mu       sync.Mutex
	outcomes []outcome
	outlived []outlived
}

// Strike kills the process, or its database, n times at each point with kill
// -9, starts it again on the same data folder, looks at what became of the change set that was
// under way. Then it does so while goals are carried out that reader's models, which
// the process has, read; and stops the process.
func (c *Chaos) Strike(ctx context.Context, p *e2e.Process, reader *Reader, n int) error {
	for round := range n {
		for i, point := range killPoints() {
			out, next, err := strike(ctx, p, point, setting{name: fmt.Sprintf("chaos-%d", i), value: fmt.Sprintf("round-%d", round)})
			if next != nil {
				p = next
			}
			if err != nil {
				return errors.Join(fmt.Errorf("kill in %s: %w", point.name, err), p.Stop(ctx))
			}
			c.mu.Lock()
			c.outcomes = append(c.outcomes, out)
			c.mu.Unlock()
		}
	}
	for _, told := range tellings() {
		out, next, err := outlive(ctx, p, reader, told)
		if next != nil {
			p = next
		}
		if err != nil {
			return errors.Join(fmt.Errorf("kill while a goal that a model of %s reads is carried out: %w", told.kind, err), p.Stop(ctx))
		}
		c.mu.Lock()
		c.outlived = append(c.outlived, out)
		c.mu.Unlock()
	}
	return p.Stop(ctx)
}

// strike submits one goal, kills the process at the point and restarts it.
func strike(ctx context.Context, p *e2e.Process, point killPoint, set setting) (outcome, *e2e.Process, error) {
	out := outcome{point: point}
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return out, nil, fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	if point.fails {
		if err := p.Fault(ctx, "set", "--region", p.Regions[0], "--service", "ssm", "--action", "PutParameter",
			"--error-rate", "1", "--error-code", "AccessDeniedException", "--error-status", "400"); err != nil {
			return out, nil, err
		}
	}
	puts, err := p.CountCalls("PutParameter", set.name)
	if err != nil {
		return out, nil, err
	}
	c := client.New(p.URL, p.Token)
	goal, err := c.CreateGoal(ctx, aegis.GoalSpec{Intent: fmt.Sprintf("set setting %s to %s everywhere", set.name, set.value)})
	if err != nil {
		return out, nil, fmt.Errorf("submit goal: %w", err)
	}
	if err := awaitPoint(ctx, pool, goal.GoalID, point); err != nil {
		return out, nil, err
	}
	if !point.database {
		if err := p.Kill(); err != nil {
			return out, nil, err
		}
	}
	before, err := look(ctx, pool, goal.GoalID)
	if err != nil {
		return out, nil, err
	}
	out.at = before.phase
	next, err := revive(ctx, p, point)
	if err != nil {
		return out, nil, err
	}
	pool.Reset() // its connections are to the database that was killed, if it was
	restarted := time.Now()
	err = e2e.Await(ctx, "the change set to move on", func(ctx context.Context) (bool, error) {
		now, err := look(ctx, pool, goal.GoalID)
		return now.version > before.version || now.phase == aegis.PhaseDone, err
	})
	out.resumed = time.Since(restarted)
	if err == nil {
		err = finish(ctx, next, pool, goal.GoalID, set, puts, &out)
	}
	return out, next, err
}

// revive restarts the killed process, or kills the database and waits until
// it is back.
func revive(ctx context.Context, p *e2e.Process, point killPoint) (*e2e.Process, error) {
	if !point.database {
		next, err := p.Restart(ctx)
		if err != nil {
			return nil, fmt.Errorf("restart: %w", err)
		}
		return next, nil
	}
	if err := p.KillDatabase(); err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, p.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	defer pool.Close()
	return p, e2e.Await(ctx, "the database to be back", func(ctx context.Context) (bool, error) { return pool.Ping(ctx) == nil, nil })
}

// awaitPoint returns when the goal's change set is at the point or past it. It
// fails when that does not come, as when the goal was refused.
func awaitPoint(ctx context.Context, pool *pgxpool.Pool, goalID string, point killPoint) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pointBound, fmt.Errorf("the change set of %s never came to %s", goalID, point.name))
	defer cancel()
	order := map[aegis.Phase]int{
		"": 0, aegis.PhasePlan: 1, aegis.PhaseGate: 2, aegis.PhaseCanary: 3, aegis.PhaseApply: 4, aegis.PhaseVerify: 5,
		aegis.PhaseRollback: 6, aegis.PhaseDone: 7,
	}
	for {
		now, err := look(ctx, pool, goalID)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case now.phase == aegis.PhaseDone:
			return fmt.Errorf("the change set was done before it could be killed")
		case order[now.phase] > order[point.phase], now.phase == point.phase && (point.status == "" || now.status == point.status):
			return nil
		}
	}
}

// sight is what the database says of a goal's only change set; zero before
// there is one.
type sight struct {
	id, status string
	phase      aegis.Phase
	state      aegis.PromotionState
	version    int64
}

func look(ctx context.Context, pool *pgxpool.Pool, goalID string) (sight, error) {
	var s sight
	rows, err := pool.Query(ctx, `
		SELECT change_set_id, phase, promotion_state, version,
		       CASE WHEN change_set::jsonb @? '$.progress[*] ? (@.status == "applying")' THEN 'applying' ELSE '' END
		FROM change_sets WHERE goal_id = $1`, goalID)
	if err != nil {
		return s, fmt.Errorf("look at the change set: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&s.id, &s.phase, &s.state, &s.version, &s.status); err != nil {
			return s, fmt.Errorf("look at the change set: %w", err)
		}
	}
	return s, rows.Err()
}

// finish waits for the end and counts what was done to the account.
func finish(ctx context.Context, p *e2e.Process, pool *pgxpool.Pool, goalID string, set setting, puts map[string]int, out *outcome) error {
	if out.point.fails {
		defer func() { _ = p.Fault(context.WithoutCancel(ctx), "clear") }()
	}
	if _, err := e2e.AwaitGoal(ctx, client.New(p.URL, p.Token), goalID); err != nil {
		return err
	}
	end, err := look(ctx, pool, goalID)
	if err != nil {
		return err
	}
	out.state = end.state
	want := aegis.StatePromoted
	if out.point.fails {
		want = aegis.StateRolledBack
	}
	if end.state != want {
		out.damage = append(out.damage, fmt.Sprintf("ended %s, not %s", end.state, want))
	}
	if out.resumed > resumeBound {
		out.damage = append(out.damage, fmt.Sprintf("resumed after %s", out.resumed))
	}
	counts, err := p.CountCalls("PutParameter", set.name)
	if err != nil {
		return err
	}
	for _, region := range p.Regions {
		if got := counts[region] - puts[region]; got > 1 || !out.point.fails && got < 1 {
			out.damage = append(out.damage, fmt.Sprintf("%d successful PutParameter calls in %s", got, region))
		}
	}
	return nil
}

// Write prints one line a point and returns ErrChaos for each damage.
func (c *Chaos) Write(w io.Writer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "KILL -9 IN\tKILLS\tPROMOTED\tROLLED BACK\tLOST OR DOUBLED\tLONGEST TO RESUME")
	var damage []error
	for _, point := range killPoints() {
		var kills, promoted, rolledBack, damaged int
		var longest time.Duration
		for _, o := range c.outcomes {
			if o.point.name != point.name {
				continue
			}
			kills++
			longest = max(longest, o.resumed)
			switch o.state { //nolint:exhaustive // the others are damage
			case aegis.StatePromoted:
				promoted++
			case aegis.StateRolledBack:
				rolledBack++
			}
			if len(o.damage) > 0 {
				damaged++
				damage = append(damage, fmt.Errorf("%w: killed in %s (%s): %v", ErrChaos, point.name, o.at, o.damage))
			}
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%.1f s\n", point.name, kills, promoted, rolledBack, damaged, longest.Seconds())
	}
	damage = append(damage, c.writeOutlived(t)...)
	return errors.Join(append([]error{t.Flush()}, damage...)...)
}

// writeOutlived prints one line for each goal that a model read.
func (c *Chaos) writeOutlived(w io.Writer) (damage []error) {
	_, _ = fmt.Fprintln(w, "\nA GOAL READ BY\tKILLS\tTASKS\tMODEL ASKED\tAS PREVIEWED\tUSD A MONTH, FOR ITSELF\tIN ALL")
	for _, o := range c.outlived {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%t\t%+.2f, %.4f\t%.0f s\n", o.told.kind, o.kills, o.tasks, o.calls, len(o.damage) == 0, o.usdMonth, o.usdRun, o.took.Seconds())
		if len(o.damage) > 0 {
			damage = append(damage, fmt.Errorf("%w: killed %d times in a goal that %s read: %v", ErrChaos, o.kills, o.told.kind, o.damage))
		}
	}
	return damage
}
