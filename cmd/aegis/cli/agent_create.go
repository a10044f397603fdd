package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) agentCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make an agent with an envelope that its goals stay within", Args: oneArg("NAME"),
		Example: "  aegis agent create night-shift --region eu-west-1 --layer runtime --risk low --budget-usd-month 50\n" +
			"  aegis agent execute night-shift \"add 2 nodes\" --watch",
	}
	var a aegis.Agent
	var risk string
	var month, run float64
	f := cmd.Flags()
	f.StringVar(&a.Role, "role", "", "what it is for, in a sentence")
	f.StringSliceVar(&a.Envelope.Regions, "region", nil, "regions that it may change; without any, every one")
	f.StringSliceVar(&a.Envelope.Layers, "layer", nil, "layers that it may change; without any, every one")
	f.StringSliceVar(&a.Envelope.Hosts, "host", nil, "hosts that it may fetch from, such as status.example.com or *.example.com")
	f.StringSliceVar(&a.Envelope.Memories, "memory", nil, "agents whose lessons it finds beside its own memories, such as planner; without any, none")
	f.StringSliceVar(&a.Tools, "tool", nil, "tools that it may call; without any, those that read, plan and propose")
	f.StringSliceVar(&a.Models, "model", nil, "models that may be asked for it; without any, every one")
	f.StringVar(&risk, "risk", "", "most risk of its goals: low, medium or high")
	f.Float64Var(&month, "budget-usd-month", 0, "most US dollars by which a goal may raise a month's cost")
	f.Float64Var(&run, "budget-usd-run", 0, "most US dollars that reaching a goal may cost")
	f.BoolVar(&a.Envelope.NoDeletions, "no-deletions", false, "never remove or replace anything")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a.Name, a.Envelope.RiskTolerance = args[0], aegis.RiskTolerance(risk)
		if risk != "" && a.Envelope.RiskTolerance.MaxRisk() < 0 {
			return usage("--risk: %q is not one of low, medium, high", risk)
		}
		if month < 0 || run < 0 {
			return usage("--budget-usd-month and --budget-usd-run: not below 0")
		}
		var budget aegis.Budget
		if cmd.Flags().Changed("budget-usd-month") {
			budget.USDMonth = &month
		}
		if cmd.Flags().Changed("budget-usd-run") {
			budget.USDRun = &run
		}
		if budget != (aegis.Budget{}) {
			a.Envelope.Budget = &budget
		}
		made, err := c.api().CreateAgent(cmd.Context(), a)
		if err != nil {
			return err
		}
		return c.showAgent(made)
	}
	return cmd
}

func (c *cli) showAgent(a aegis.Agent) error {
	return c.show(a, func(w io.Writer) {
		deletions, changes := "", ""
		if a.Envelope.NoDeletions {
			deletions = "none"
		}
		if len(a.Tools) > 0 && !slices.Contains(a.Tools, aegis.ToolProposeChangeSet) {
			changes = "none: its tools lack " + aegis.ToolProposeChangeSet
		}
		facts(w,
			"agent", a.AgentID, "name", a.Name, "role", a.Role, "regions", strings.Join(a.Envelope.Regions, ", "),
			"layers", strings.Join(a.Envelope.Layers, ", "), "hosts", strings.Join(a.Envelope.Hosts, ", "), "memories of", strings.Join(a.Envelope.Memories, ", "),
			"tools", strings.Join(a.Tools, ", "), "models", strings.Join(a.Models, ", "), "risk", string(a.Envelope.RiskTolerance), "budget", budgetText(a.Envelope.Budget),
			"changes", changes, "deletions", deletions, "made by", a.CreatedBy+", "+c.ago(a.CreatedAt))
	})
}

func (c *cli) agentGet() *cobra.Command {
	return &cobra.Command{
		Use: "get AGENT", Short: "Show an agent and its envelope", Args: oneArg("AGENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.api().Agent(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showAgent(a)
		},
	}
}

func (c *cli) agentList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List agents, newest first", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Agents(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, a := range list.Items {
				rows[i] = []string{
					a.AgentID, a.Name, strings.Join(a.Envelope.Regions, ","), strings.Join(a.Envelope.Layers, ","),
					string(a.Envelope.RiskTolerance), a.CreatedBy, c.ago(a.CreatedAt), short(a.Role, 60),
				}
			}
			table(w, "AGENT NAME REGIONS LAYERS RISK BY MADE ROLE", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) agentExecute() *cobra.Command {
	cmd := &cobra.Command{
		Use: "execute AGENT INTENT", Short: "Have an agent carry out a goal, within its envelope", Args: cobra.ExactArgs(2),
		Example: "  aegis agent execute night-shift \"add 2 nodes\" --watch",
	}
	c.asks(cmd, func(ctx context.Context, args []string, spec aegis.GoalSpec) (aegis.Goal, error) {
		return c.api().ExecuteAgent(ctx, args[0], spec)
	})
	return cmd
}
