package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) drift() *cobra.Command {
	return group("drift", "Find drift, who made it, and what to do about it",
		c.driftList(), c.driftShow(), c.driftScan(), c.driftWatch(), c.driftIgnore(), c.driftRules(), c.driftAdopt())
}

// driftFlags narrow a list of drift reports.
func driftFlags(cmd *cobra.Command) *aegis.DriftFilter {
	f := &aegis.DriftFilter{}
	cmd.Flags().StringVar(&f.StackID, "stack", "", "only of this stack")
	cmd.Flags().StringVar((*string)(&f.Kind), "kind", "", "only changed, deleted or unmanaged")
	cmd.Flags().StringVar((*string)(&f.State), "state", "", "only open, corrected, adopted, reported or superseded")
	cmd.Flags().StringVar(&f.Group, "group", "", "only of this cause")
	return f
}

func (c *cli) driftList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List drift reports, or their causes", Args: noArgs,
		Example: "  aegis drift list --state open --fail-on drift    in a pipeline: exit 3 when something drifts now\n" +
			"  aegis drift list --by-cause                      one line for all that one cause did",
	}
	filter, page := driftFlags(cmd), pageFlags(cmd)
	byCause := cmd.Flags().Bool("by-cause", false, "sum up reports by their cause")
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *byCause {
			list, err := c.api().DriftGroups(cmd.Context(), *filter, *page)
			if err != nil {
				return err
			}
			if err := c.showDriftGroups(list); err != nil {
				return err
			}
			open := 0
			for _, g := range list.Items {
				open += g.Open
			}
			return fail.drift(open)
		}
		list, err := c.api().DriftReports(cmd.Context(), *filter, *page)
		if err != nil {
			return err
		}
		if err := c.showDriftReports(list); err != nil {
			return err
		}
		return fail.drift(openReports(list.Items))
	}
	return cmd
}

func openReports(reports []aegis.DriftReport) int {
	n := 0
	for _, r := range reports {
		if r.State == aegis.DriftOpen {
			n++
		}
	}
	return n
}

// drift is the error of open reports where --fail-on asked for it.
func (f *failOn) drift(open int) error {
	if f.value == "drift" && open > 0 {
		return found("%d drift reports are open", open)
	}
	return nil
}

func (c *cli) showDriftReports(list client.List[aegis.DriftReport]) error {
	return c.show(list, func(w io.Writer) {
		rows := make([][]string, len(list.Items))
		for i, r := range list.Items {
			rows[i] = []string{
				r.DriftReportID, r.StackID, string(r.Kind), string(r.State), c.ago(r.DetectedAt), who(r.Cause), short(what(r), 60),
			}
		}
		table(w, "REPORT STACK KIND STATE DETECTED BY WHAT", rows)
		more(w, list.NextCursor)
	})
}

func (c *cli) showDriftGroups(list client.List[aegis.DriftGroup]) error {
	return c.show(list, func(w io.Writer) {
		rows := make([][]string, len(list.Items))
		for i, g := range list.Items {
			rows[i] = []string{
				g.Group, who(g.Cause), g.Cause.EventName, strconv.Itoa(g.Reports), strconv.Itoa(g.Open),
				strconv.Itoa(len(g.StackIDs)), c.ago(g.LastDetectedAt),
			}
		}
		table(w, "GROUP BY CALL REPORTS OPEN STACKS LAST", rows)
		more(w, list.NextCursor)
	})
}

// who is the actor of a cause, for people.
func who(cause aegis.DriftCause) string {
	switch {
	case cause.ChangeSetID != "":
		return cause.ChangeSetID
	case cause.Upgrade != "":
		return cause.Upgrade
	case cause.Actor == nil:
		return cause.Kind
	case cause.Actor.Session != "":
		return cause.Actor.Principal + "/" + cause.Actor.Session
	default:
		return cause.Actor.Principal
	}
}

// what is what drifted, in one line.
func what(r aegis.DriftReport) string {
	names := make([]string, len(r.Changes))
	for i, ch := range r.Changes {
		names[i] = strings.TrimSuffix(ch.Address+" "+ch.Attribute, " ")
	}
	return strings.Join(names, ", ")
}

func (c *cli) driftShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show DRIFT_REPORT_ID|STACK_ID", Short: "Show a drift report: what, who, when; or how a stack drifts, and what of it is expected",
		Args: oneArg("DRIFT_REPORT_ID or STACK_ID"),
	}
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := c.api().DriftReport(cmd.Context(), args[0])
		if errors.Is(err, aegis.ErrNotFound) {
			seen, notFound := c.api().StackDrift(cmd.Context(), args[0])
			if notFound != nil {
				return err
			}
			return c.showStackDrift(seen, fail)
		}
		if err != nil {
			return err
		}
		if err := c.show(r, func(w io.Writer) { c.writeDriftReport(w, r) }); err != nil {
			return err
		}
		return fail.drift(openReports([]aegis.DriftReport{r}))
	}
	return cmd
}

func (c *cli) writeDriftReport(w io.Writer, r aegis.DriftReport) {
	actor := aegis.CloudActor{}
	if r.Cause.Actor != nil {
		actor = *r.Cause.Actor
	}
	at := ""
	if r.Cause.At != nil {
		at = r.Cause.At.Format(time.RFC3339)
	}
	facts(w,
		"report", r.DriftReportID, "stack", r.StackID, "region", r.Region, "kind", string(r.Kind), "state", string(r.State),
		"detected", r.DetectedAt.Format(time.RFC3339), "change set", r.ChangeSetID,
		"cause", words(r.Cause.Kind), "by", who(r.Cause), "arn", actor.ARN, "from", actor.SourceIP, "with", short(actor.UserAgent, 100),
		"call", strings.TrimSpace(r.Cause.EventSource+" "+r.Cause.EventName), "at", at, "event", r.Cause.EventID, "group", r.Cause.Group)
	for _, ch := range r.Changes {
		_, _ = fmt.Fprintf(w, "\n%s  %s\n", ch.Address, ch.ResourceID) // into memory
		if ch.Attribute == "" && r.Kind == aegis.DriftDeleted {
			_, _ = fmt.Fprintln(w, "  is gone")
		} else {
			columns(w, [][]string{
				{ch.Attribute, "asked for", short(plainValue(ch.Before), 200)}, {"", "is", short(plainValue(ch.After), 200)},
			})
		}
		if ch.Reason != "" {
			_, _ = fmt.Fprintf(w, "  %s: %s\n", ch.Decision, ch.Reason)
		}
	}
}

func plainValue(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(text)
}
