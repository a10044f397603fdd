package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/client"
)

func (c *cli) estateDestroy() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "destroy", Short: "Remove all stacks of the estate", Args: noArgs,
		Long: "Remove all stacks of the estate by the API, a change set each: first those that no other reads, those that don't depend on\n" +
			"one another at once. Refused before anything is touched when a stack, a database or a table is not deletable. What others\n" +
			"made and was adopted is left alone. When it was interrupted or something failed, run it again: it goes on.",
		Example: "  aegis estate destroy          what would go, in order\n  aegis estate destroy --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := c.api().Teardown(cmd.Context())
			if err != nil {
				return err
			}
			if protected := t.Protected(); len(protected) > 0 {
				return kept(protected)
			}
			if !yes {
				return c.showTeardown(t, usage("%s would be removed; nothing was touched: add --yes", plural(len(t.Left()), "stack")))
			}
			return c.tearDown(cmd.Context(), t)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without it, only show what would go")
	c.clientFlags(cmd)
	return cmd
}

// kept names the stacks that would not go, and what to do about each.
func kept(protected []client.Leaving) error {
	var text strings.Builder
	for _, l := range protected {
		fmt.Fprintf(&text, "\n  %s: %s", l.StackID, strings.Join(l.Remedies, "; "))
	}
	return fmt.Errorf("nothing was touched, as %s may not go:%s", plural(len(protected), "stack"), text.String())
}

// tearDown follows the change sets to their ends.
func (c *cli) tearDown(ctx context.Context, t *client.Teardown) error {
	p := c.progress()
	tick := time.NewTicker(changePoll)
	defer tick.Stop()
	for {
		over, err := t.Step(ctx)
		if err != nil {
			return err
		}
		lines := make([]line, len(t.Stacks))
		for i, l := range t.Stacks {
			lines[i] = line{key: l.StackID, text: leavingText(l)}
		}
		p.update(lines)
		if over {
			p.close()
			return c.endOfTeardown(t)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (c *cli) endOfTeardown(t *client.Teardown) error {
	left := t.Left()
	if c.output == "json" {
		if err := writeJSON(c.Out, map[string]any{"stacks": t.Stacks}); err != nil {
			return err
		}
	}
	if len(left) == 0 {
		return nil
	}
	var text strings.Builder
	for _, l := range left {
		fmt.Fprintf(&text, "\n  %s", leavingText(l))
	}
	return fmt.Errorf("%s left:%s\nSee to what failed, then run it again", plural(len(left), "stack"), text.String())
}

func (c *cli) showTeardown(t *client.Teardown, err error) error {
	if shown := c.show(map[string]any{"stacks": t.Stacks}, func(w io.Writer) {
		for _, l := range t.Stacks {
			_, _ = fmt.Fprintln(w, leavingText(l)) // into memory
		}
	}); shown != nil {
		return shown
	}
	return err
}

func leavingText(l client.Leaving) string {
	text := string(l.State) + "  " + l.StackID
	if l.ChangeSetID != "" {
		text += "  " + l.ChangeSetID
	}
	if l.Error != "" {
		text += "  " + l.Error
	}
	return text
}
