package cli

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) budget() *cobra.Command {
	return group("budget", "Read and set budgets", c.budgetList(), c.budgetSet())
}

func (c *cli) budgetList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List budgets: limit, reserved and spent, in US dollars a month", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.api().Budgets(cmd.Context())
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) { budgets(w, list.Items) })
		},
	}
}

func budgets(w io.Writer, accounts []aegis.BudgetAccount) {
	rows := make([][]string, len(accounts))
	for i, b := range accounts {
		rows[i] = []string{b.Scope, usd(b.LimitUSD), usd(b.ReservedUSD), usd(b.SpentUSD)}
	}
	table(w, "SCOPE LIMIT RESERVED SPENT", rows)
}

func usd(v float64) string { return fmt.Sprintf("%.2f", v) }

func (c *cli) budgetSet() *cobra.Command {
	return &cobra.Command{
		Use: "set SCOPE USD_MONTH", Short: "Set the most that a month may cost more", Args: cobra.ArbitraryArgs,
		Example: "  aegis budget set estate 5000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("%s takes two arguments, SCOPE and USD_MONTH; %d given", cmd.CommandPath(), len(args))
			}
			limit, err := strconv.ParseFloat(args[1], 64)
			if err != nil || limit < 0 || math.IsInf(limit, 0) || math.IsNaN(limit) {
				return usage("USD_MONTH: %q is no amount", args[1])
			}
			b, err := c.api().SetBudget(cmd.Context(), args[0], limit)
			if err != nil {
				return err
			}
			return c.show(b, func(w io.Writer) { budgets(w, []aegis.BudgetAccount{b}) })
		},
	}
}
