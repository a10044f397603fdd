package cli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func (c *cli) sandboxFault() *cobra.Command {
	cmd := group("fault", "Make the local AWS slow, failing, throttling or gone", c.faultSet(), c.faultList(), c.faultClear())
	cmd.PersistentFlags().StringVarP(&c.output, "output", "o", "text", "text or json")
	return cmd
}

func (c *cli) faultSet() *cobra.Command {
	var f Fault
	cmd := &cobra.Command{
		Use: "set", Short: "Put a fault in force, in the place of one for the same calls", Args: noArgs,
		Example: `  aegis sandbox fault set --region eu-west-1 --unreachable
  aegis sandbox fault set --service autoscaling --action UpdateAutoScalingGroup --error-rate 1 --error-code ValidationError --error-status 400
  aegis sandbox fault set --latency-ms 500`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.LatencyMS == 0 && f.ErrorRate == 0 && !f.Throttle && !f.Unreachable {
				return usage("say what goes wrong: --latency-ms, --error-rate, --throttle or --unreachable")
			}
			if f.ErrorRate < 0 || f.ErrorRate > 1 || f.LatencyMS < 0 {
				return usage("--error-rate is from 0 to 1, --latency-ms not below 0")
			}
			set, err := c.ops.SetFault(cmd.Context(), dataDir(cmd), f)
			if err != nil {
				return err
			}
			return c.show(set, func(w io.Writer) { faults(w, []Fault{set}) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Region, "region", "", "only calls to this region")
	flags.StringVar(&f.Service, "service", "", "only calls of this service, such as ec2")
	flags.StringVar(&f.Action, "action", "", "only this call, such as RunInstances")
	flags.IntVar(&f.LatencyMS, "latency-ms", 0, "milliseconds to wait before each call")
	flags.Float64Var(&f.ErrorRate, "error-rate", 0, "share of calls that fail, 0 to 1")
	flags.StringVar(&f.ErrorCode, "error-code", "", "AWS error code of failing calls (default ServiceUnavailable)")
	flags.IntVar(&f.ErrorStatus, "error-status", 0, "HTTP status of failing calls (default 503)")
	flags.BoolVar(&f.Throttle, "throttle", false, "refuse every call as throttled")
	flags.BoolVar(&f.Unreachable, "unreachable", false, "break every connection")
	return cmd
}

func (c *cli) faultList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the faults in force", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.ops.ListFaults(cmd.Context(), dataDir(cmd))
			if err != nil {
				return err
			}
			return c.show(map[string]any{"items": all}, func(w io.Writer) { faults(w, all) })
		},
	}
}

func (c *cli) faultClear() *cobra.Command {
	return &cobra.Command{
		Use: "clear [FAULT_ID]", Short: "Remove a fault, or all", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("%s takes one argument at most", cmd.CommandPath())
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			n, err := c.ops.ClearFaults(cmd.Context(), dataDir(cmd), id)
			if err != nil {
				return err
			}
			if n == 0 && id != "" {
				return fmt.Errorf("there is no fault %s; see: aegis sandbox fault list", id)
			}
			return c.show(map[string]int{"cleared": n}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "cleared %d\n", n) // into memory
			})
		},
	}
}

func faults(w io.Writer, all []Fault) {
	rows := make([][]string, len(all))
	for i, f := range all {
		what := ""
		switch {
		case f.Unreachable:
			what = "unreachable"
		case f.Throttle:
			what = "throttled"
		case f.ErrorRate > 0:
			what = strconv.FormatFloat(f.ErrorRate*100, 'g', 3, 64) + " % fail " + f.ErrorCode
		}
		if f.LatencyMS > 0 {
			what += " +" + strconv.Itoa(f.LatencyMS) + " ms"
		}
		rows[i] = []string{f.ID, or(f.Region), or(f.Service), or(f.Action), what}
	}
	table(w, "FAULT REGION SERVICE ACTION EFFECT", rows)
}

func or(s string) string {
	if s == "" {
		return "all"
	}
	return s
}
