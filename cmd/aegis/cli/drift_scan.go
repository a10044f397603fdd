package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// scanned is what `drift scan` found.
type scanned struct {
	Stacks []aegis.Stack       `json:"stacks"`
	Drift  []aegis.DriftReport `json:"drift"`
}

func (c *cli) driftScan() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scan [STACK_ID...]", Short: "Look at stacks now and say what drifted",
		Long: "Look at the stacks, or at all, and wait for what is seen: clean, drifted, or unknown where one could not be read. " +
			"Exits 1 when a stack is unknown, and 3 with --fail-on drift when one drifted.",
		Example: "  aegis drift scan prod.network.eu-west-1 --fail-on drift",
	}
	timeout := cmd.Flags().Duration("timeout", 10*time.Minute, "how long to wait")
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), *timeout, fmt.Errorf("stacks were not looked at within %s", *timeout))
		defer cancel()
		result, err := c.scan(ctx, args)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		if err := c.showScan(result); err != nil {
			return err
		}
		unknown := 0
		for _, s := range result.Stacks {
			if fail.value == "drift" && s.State == aegis.StackDrifted {
				return found("stack %s drifted", s.StackID)
			}
			if s.State == aegis.StackUnknown {
				unknown++
			}
		}
		if unknown > 0 {
			return fmt.Errorf("%d stacks could not be read", unknown)
		}
		return nil
	}
	return cmd
}

// scan asks for a look at each stack and waits until it was had.
func (c *cli) scan(ctx context.Context, ids []string) (scanned, error) {
	api := c.api()
	before, err := c.stacksToScan(ctx, api, ids)
	if err != nil {
		return scanned{}, err
	}
	for _, s := range before {
		if _, err := api.ReconcileStack(ctx, s.StackID); err != nil {
			return scanned{}, err
		}
	}
	result := scanned{Stacks: []aegis.Stack{}, Drift: []aegis.DriftReport{}}
	for _, s := range before {
		now, err := awaitLook(ctx, api, s)
		if err != nil {
			return scanned{}, err
		}
		result.Stacks = append(result.Stacks, now)
		if now.State != aegis.StackDrifted {
			continue
		}
		list, err := api.DriftReports(ctx, aegis.DriftFilter{StackID: s.StackID, State: aegis.DriftOpen}, aegis.Page{Limit: 500})
		if err != nil {
			return scanned{}, err
		}
		result.Drift = append(result.Drift, list.Items...)
	}
	return result, nil
}

// stacksToScan are the named stacks, or all that were ever made.
func (c *cli) stacksToScan(ctx context.Context, api *client.Client, ids []string) ([]aegis.Stack, error) {
	var found []aegis.Stack
	for _, id := range ids {
		s, err := api.Stack(ctx, id)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	if len(ids) > 0 {
		return found, nil
	}
	page := aegis.Page{Limit: 500}
	for {
		list, err := api.Stacks(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, s := range list.Items {
			if s.State != aegis.StackPending {
				found = append(found, s)
			}
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return found, nil
		}
	}
}

// awaitLook waits until a stack was read, or could not be. While a change set
// is at it, it is not looked at: that read counts, too.
func awaitLook(ctx context.Context, api *client.Client, before aegis.Stack) (aegis.Stack, error) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := api.Stack(ctx, before.StackID)
		if err != nil {
			return s, err
		}
		read := s.LastReconciledAt != nil && (before.LastReconciledAt == nil || s.LastReconciledAt.After(*before.LastReconciledAt))
		if read || s.State == aegis.StackUnknown && s.UpdatedAt.After(before.UpdatedAt) {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

func (c *cli) showScan(result scanned) error {
	return c.show(result, func(w io.Writer) {
		rows := make([][]string, len(result.Stacks))
		for i, s := range result.Stacks {
			rows[i] = []string{s.StackID, string(s.State), strconv.Itoa(s.ResourceCount), short(s.Error, 70)}
		}
		table(w, "STACK STATE RESOURCES ERROR", rows)
		for _, r := range result.Drift {
			_, _ = fmt.Fprintf(w, "\n%s  %s  by %s\n", r.DriftReportID, r.StackID, who(r.Cause)) // into memory
			_, _ = fmt.Fprintf(w, "  %s\n", short(what(r), 150))                                 // into memory
		}
	})
}
