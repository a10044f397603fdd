package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

// mostFindings is the largest body of findings that the API takes, in bytes.
const mostFindings = 1 << 20

func (c *cli) incident() *cobra.Command {
	return group("incident", "Read security incidents, and hand in findings", c.incidentList(), c.incidentShow(), c.incidentSubmit())
}

func (c *cli) incidentList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List security incidents", Args: noArgs,
		Example: "  aegis incident list --state open --severity high --fail-on incident    in a pipeline: exit 3 when one is open",
	}
	f, page := aegis.IncidentFilter{}, pageFlags(cmd)
	cmd.Flags().StringVar((*string)(&f.State), "state", "", "only open or closed")
	cmd.Flags().StringVar((*string)(&f.Severity), "severity", "", "of at least this severity: informational, low, medium, high or critical")
	cmd.Flags().StringVar(&f.StackID, "stack", "", "only about resources of this stack")
	fail := addFailOn(cmd, "incident")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Incidents(cmd.Context(), f, *page)
		if err != nil {
			return err
		}
		err = c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, in := range list.Items {
				rows[i] = []string{
					in.IncidentID, string(in.State), string(in.Severity), c.ago(in.OpenedAt), strconv.Itoa(len(in.SignalSet)),
					short(strings.Join(in.BlastRadius.StackIDs, ","), 60), short(in.SignalSet[0].Title, 60),
				}
			}
			table(w, "INCIDENT STATE SEVERITY OPENED FINDINGS STACKS FIRST", rows)
			more(w, list.NextCursor)
		})
		if err != nil {
			return err
		}
		return fail.incidents(list.Items...)
	}
	return cmd
}

// incidents is the error of open incidents where --fail-on asked for it.
func (f *failOn) incidents(list ...aegis.SecurityIncident) error {
	open := 0
	for _, i := range list {
		if i.State == aegis.IncidentOpen {
			open++
		}
	}
	if f.value == "incident" && open > 0 {
		return found("%d incidents are open", open)
	}
	return nil
}

func (c *cli) incidentShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show INCIDENT_ID", Short: "Show an incident: its findings and what they can reach", Args: oneArg("INCIDENT_ID")}
	fail := addFailOn(cmd, "incident")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		i, err := c.api().Incident(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if err := c.show(i, func(w io.Writer) { writeIncident(w, i) }); err != nil {
			return err
		}
		return fail.incidents(i)
	}
	return cmd
}

func writeIncident(w io.Writer, i aegis.SecurityIncident) {
	closed := ""
	if i.ClosedAt != nil {
		closed = i.ClosedAt.Format(time.RFC3339)
	}
	r := i.BlastRadius
	facts(w,
		"incident", i.IncidentID, "state", string(i.State), "severity", string(i.Severity), "verification", string(i.VerificationState),
		"opened", i.OpenedAt.Format(time.RFC3339), "closed", closed, "stacks", strings.Join(r.StackIDs, "\n"),
		"may reach", strings.Join(r.DependentStackIDs, "\n"), "regions", strings.Join(r.Regions, ", "), "actions", strings.Join(i.AutoActions, "\n"))
	for _, f := range i.SignalSet {
		state := "active"
		if f.Resolved {
			state = "resolved"
		}
		_, _ = fmt.Fprintf(w, "\n%s  %s\n", f.Title, f.Source) // into memory
		columns(w, [][]string{{string(f.Severity), state, f.ObservedAt.Format(time.RFC3339), f.Type}})
		for _, about := range f.Resources {
			columns(w, [][]string{{about}})
		}
	}
}

func (c *cli) incidentSubmit() *cobra.Command {
	return &cobra.Command{
		Use: "submit FILE", Short: "Hand in findings in the AWS Security Finding Format; - is the standard input", Args: oneArg("FILE"),
		Example: "  aws securityhub get-findings | aegis incident submit -",
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := readFile(args[0], cmd.InOrStdin(), mostFindings)
			if err != nil {
				return fmt.Errorf("read the findings: %w", err)
			}
			if !json.Valid(raw) {
				return usage("%s is no JSON: give findings in the AWS Security Finding Format", args[0])
			}
			counts, err := c.api().SendFindings(cmd.Context(), raw)
			if err != nil {
				return err
			}
			return c.show(counts, func(w io.Writer) {
				facts(w,
					"accepted", strconv.Itoa(counts.Accepted), "known before", strconv.Itoa(counts.Duplicate), "ignored", strconv.Itoa(counts.Ignored),
					"malformed", strconv.Itoa(counts.Malformed), "incidents", strings.Join(counts.IncidentIDs, "\n"))
			})
		},
	}
}
