package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) stack() *cobra.Command {
	return group("stack", "Read, reconcile and destroy stacks, set their parameters",
		c.stackList(), c.stackGet(), c.stackReconcile(), c.stackDrift(), c.stackSet(), c.stackDestroy(), c.stackUnlock())
}

func (c *cli) stackList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List stacks and their states", Args: noArgs,
		Example: "  aegis stack list --fail-on drift    in a pipeline: exit 3 when something drifted",
	}
	page := pageFlags(cmd)
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Stacks(cmd.Context(), *page)
		if err != nil {
			return err
		}
		if err := c.showStacks(list); err != nil {
			return err
		}
		for _, s := range list.Items {
			if fail.value == "drift" && s.State == aegis.StackDrifted {
				return found("stack %s drifted", s.StackID)
			}
		}
		return nil
	}
	return cmd
}

func (c *cli) showStacks(list client.List[aegis.Stack]) error {
	return c.show(list, func(w io.Writer) {
		rows := make([][]string, len(list.Items))
		for i, s := range list.Items {
			rows[i] = []string{
				s.StackID, string(s.State), strconv.Itoa(s.ResourceCount), strconv.FormatInt(s.Revision, 10),
				c.agoPtr(s.LastReconciledAt), short(s.Error, 70),
			}
		}
		table(w, "STACK STATE RESOURCES REVISION RECONCILED ERROR", rows)
		more(w, list.NextCursor)
	})
}

func (c *cli) stackGet() *cobra.Command {
	return &cobra.Command{
		Use: "get STACK_ID", Short: "Show a stack and its newest applied spec", Args: oneArg("STACK_ID"),
		Example: "  aegis stack get prod.runtime.eu-west-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.api().Stack(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showStack(s)
		},
	}
}

func (c *cli) showStack(s aegis.Stack) error {
	return c.show(s, func(w io.Writer) {
		facts(w,
			"stack", s.StackID, "kind", string(s.Kind), "region", s.Region, "state", string(s.State), "mode", string(s.Mode), "set", s.Set, "error", s.Error,
			"source", sourceText(s.Source),
			"resources", strconv.Itoa(s.ResourceCount), "revision", strconv.FormatInt(s.Revision, 10),
			"reconciled", c.agoPtr(s.LastReconciledAt), "depends on", strings.Join(s.DependsOn, ", "))
		if s.Spec != nil {
			spec, err := json.MarshalIndent(s.Spec.Parameters, "", "  ")
			if err == nil {
				_, _ = fmt.Fprintf(w, "parameters %s\n", spec) // into memory
			}
		}
	})
}

func (c *cli) stackReconcile() *cobra.Command {
	return &cobra.Command{
		Use: "reconcile STACK_ID", Short: "Look at a stack now and correct its drift", Args: oneArg("STACK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.api().ReconcileStack(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showStack(s)
		},
	}
}

func (c *cli) stackDrift() *cobra.Command {
	cmd := &cobra.Command{
		Use: "drift STACK_ID", Short: "Show what the newest refresh saw", Args: oneArg("STACK_ID"),
		Example: "  aegis stack drift prod.network.eu-west-1 --fail-on drift",
	}
	fail := addFailOn(cmd, "drift")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		seen, err := c.api().StackDrift(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return c.showStackDrift(seen, fail)
	}
	return cmd
}

func (c *cli) showStackDrift(seen aegis.Observation, fail *failOn) error {
	if err := c.showDrift(seen); err != nil {
		return err
	}
	if fail.value == "drift" && len(seen.Drift) > 0 {
		return found("stack %s drifted in %d resources", seen.StackID, len(seen.Drift))
	}
	return nil
}

func (c *cli) showDrift(seen aegis.Observation) error {
	return c.show(seen, func(w io.Writer) {
		state := "clean"
		if len(seen.Drift) > 0 {
			state = fmt.Sprintf("%d resources drifted", len(seen.Drift))
		}
		facts(w, "stack", seen.StackID, "seen", c.ago(seen.ObservedAt), "resources", strconv.Itoa(seen.ResourceCount), "drift", state)
		for _, d := range seen.Drift {
			_, _ = fmt.Fprintf(w, "  %-7s  %s\n", d.Action, d.Address) // into memory
		}
		if len(seen.Expected) > 0 {
			_, _ = fmt.Fprintf(w, "expected  %d\n", len(seen.Expected)) // into memory
		}
		for _, e := range seen.Expected {
			_, _ = fmt.Fprintf(w, "  %s %s  asked for %s, is %s, by %s\n", // into memory
				e.Address, e.Attribute, short(plainValue(e.Before), 60), short(plainValue(e.After), 60), e.RuleID)
		}
	})
}
