package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

type goalFlags struct {
	constraints, domains   []string
	budgetMonth, budgetRun float64
	deadline, risk         string
	dependsOn              []string
	priority               string
	watch                  bool
}

// register adds the flags of a goal's limits.
func (g *goalFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&g.constraints, "constraint", nil, "what must hold, in a sentence; may be repeated")
	f.StringSliceVar(&g.domains, "domain", nil, "layers that it is about, such as runtime (default: all)")
	f.Float64Var(&g.budgetMonth, "budget-usd-month", 0, "most US dollars by which a month may cost more")
	f.Float64Var(&g.budgetRun, "budget-usd-run", 0, "most US dollars that reaching the goal may cost")
	f.StringVar(&g.deadline, "deadline", "", "RFC 3339 time, or a duration from now such as 2h")
	f.StringVar(&g.risk, "risk", "", "most risk that is tolerated: low, medium or high")
	f.StringSliceVar(&g.dependsOn, "after", nil, "goals that have to succeed before this one is planned")
	f.StringVar(&g.priority, "priority", "", "which of the goals that wait are planned first: low, normal or high")
}

func (c *cli) goalSubmit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "submit INTENT", Short: "Ask for something in a sentence", Args: oneArg("INTENT, in quotes"),
		Long: "Ask for something in a sentence. `aegis goal intents` lists what is understood.",
		Example: `  aegis goal submit "scale the runtime in eu-west-1 to 4 nodes" --watch
  aegis goal submit "double the events stream" --budget-usd-month 50 --risk low
  aegis goal submit "keep logs for 90 days everywhere" --constraint "not in us-east-1" --deadline 2h`,
	}
	again := cmd.Flags().Bool("again", false, "ask it although an equal goal is open; without it that one is shown")
	c.asks(cmd, func(ctx context.Context, _ []string, spec aegis.GoalSpec) (aegis.Goal, error) {
		if *again {
			return c.api().CreateGoalAgain(ctx, spec)
		}
		return c.api().CreateGoal(ctx, spec)
	})
	return cmd
}

// asks has a command whose last argument is an intent ask for it, and follow it if
// that is wanted.
func (c *cli) asks(cmd *cobra.Command, ask func(ctx context.Context, args []string, spec aegis.GoalSpec) (aegis.Goal, error)) {
	var g goalFlags
	g.register(cmd)
	cmd.Flags().BoolVar(&g.watch, "watch", false, "follow it to its end")
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		spec, err := c.goalSpec(args[len(args)-1], g, cmd.Flags().Changed)
		if err != nil {
			return err
		}
		goal, err := ask(cmd.Context(), args, spec)
		if err != nil {
			return err
		}
		if g.watch || fail.value != "" {
			return c.followGoal(cmd.Context(), goal.GoalID, fail)
		}
		return c.showGoal(goal)
	}
}

// goalSpec reads the flags; changed says which were given.
func (c *cli) goalSpec(intent string, g goalFlags, changed func(string) bool) (aegis.GoalSpec, error) {
	spec := aegis.GoalSpec{
		Intent: intent, Constraints: g.constraints, Domains: g.domains, RiskTolerance: aegis.RiskTolerance(g.risk), DependsOn: g.dependsOn,
		Priority: aegis.GoalPriority(g.priority),
	}
	if !slices.Contains([]aegis.GoalPriority{"", aegis.PriorityLow, aegis.PriorityNormal, aegis.PriorityHigh}, spec.Priority) {
		return spec, usage("--priority: %q is not one of low, normal, high", g.priority)
	}
	if strings.TrimSpace(intent) == "" {
		return spec, usage("INTENT: say what is wanted, such as: scale the runtime in eu-west-1 to 4 nodes")
	}
	if g.risk != "" && spec.RiskTolerance.MaxRisk() < 0 {
		return spec, usage("--risk: %q is not one of low, medium, high", g.risk)
	}
	if g.budgetMonth < 0 || g.budgetRun < 0 {
		return spec, usage("--budget-usd-month and --budget-usd-run: not below 0")
	}
	if changed("budget-usd-month") || changed("budget-usd-run") {
		spec.Budget = &aegis.Budget{}
	}
	if changed("budget-usd-month") {
		spec.Budget.USDMonth = &g.budgetMonth
	}
	if changed("budget-usd-run") {
		spec.Budget.USDRun = &g.budgetRun
	}
	deadline, err := c.moment(g.deadline)
	if err != nil {
		return spec, usage("--deadline: %s", err)
	}
	spec.Deadline = deadline
	return spec, nil
}

// moment reads an RFC 3339 time or a duration from now; "" is nil.
func (c *cli) moment(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no time is a valid answer
	}
	if d, err := time.ParseDuration(text); err == nil {
		t := c.now().Add(d).UTC().Truncate(time.Second)
		return &t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a time such as 2030-01-31T12:00:00Z nor a duration such as 2h", text)
	}
	return &t, nil
}
