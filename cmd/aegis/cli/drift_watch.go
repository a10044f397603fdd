package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) driftWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch", Short: "Tell of drift as it is found and corrected", Args: noArgs,
		Long: "Tell of open drift reports, and of those to come and what becomes of them, until interrupted. With -o json, each line is " +
			"a report. With --fail-on drift, the first open one ends it with 3.",
	}
	filter := driftFlags(cmd)
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.watchDrift(cmd.Context(), *filter, fail)
	}
	return cmd
}

func (c *cli) watchDrift(ctx context.Context, filter aegis.DriftFilter, fail *failOn) error {
	api := c.api()
	told := map[string]string{} // how each report was shown last
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for first := true; ; first = false {
		list, err := api.DriftReports(ctx, filter, aegis.Page{Limit: 100})
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(list.Items) {
			text := fmt.Sprintf("%s  %-10s  %s  %s  by %s  %s", r.DetectedAt.Format(time.TimeOnly), r.State, r.DriftReportID, r.StackID,
				who(r.Cause), short(what(r), 80))
			if told[r.DriftReportID] == text {
				continue
			}
			told[r.DriftReportID] = text
			if first && r.State != aegis.DriftOpen {
				continue
			}
			if err := c.tellDrift(r, text); err != nil {
				return err
			}
			if err := fail.drift(openReports([]aegis.DriftReport{r})); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *cli) tellDrift(r aegis.DriftReport, text string) error {
	if c.output == "json" {
		return json.NewEncoder(c.Out).Encode(r)
	}
	_, err := fmt.Fprintln(c.Out, text)
	return err
}
