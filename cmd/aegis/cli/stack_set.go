package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) stackSet() *cobra.Command {
	v := client.VariableChange{MergePatch: map[string]any{}}
	watch := false
	cmd := &cobra.Command{
		Use: "set STACK_ID NAME=VALUE...", Short: "Propose other values of a stack's parameters or a workspace's variables",
		Long: "Propose other values of the parameters of a stack, or of the variables of an adopted workspace. VALUE is JSON where it\n" +
			"can be read as such (3, true, [\"a\"], {\"shards\":4}), else a string; an object is merged with what is there, null takes\n" +
			"away. It is a change set like any other.",
		Example: "  aegis stack set prod.runtime.eu-west-1 node_desired=4\n  aegis stack set dns ttl=60 --watch\n  aegis stack set dns ttl=60 --whole-set    all workspaces of its set, one first",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage("give a stack's id and at least one NAME=VALUE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, pair := range args[1:] {
				name, text, ok := strings.Cut(pair, "=")
				if !ok || name == "" {
					return usage("%q is not NAME=VALUE", pair)
				}
				var value any
				if err := json.Unmarshal([]byte(text), &value); err != nil {
					value = text
				}
				v.MergePatch[name] = value
			}
			cs, err := c.api().SetStackVariables(cmd.Context(), args[0], v)
			if err != nil {
				return err
			}
			if watch {
				return c.followChange(cmd.Context(), cs.ChangeSetID, &failOn{})
			}
			return c.showChange(cs)
		},
	}
	cmd.Flags().BoolVar(&v.WholeSet, "whole-set", false, "change all workspaces of the stack's set, one first")
	cmd.Flags().StringVar(&v.Summary, "summary", "", "what it is for, in a sentence")
	cmd.Flags().BoolVar(&watch, "watch", false, "follow it to its end")
	return cmd
}

func (c *cli) stackDestroy() *cobra.Command {
	cmd := &cobra.Command{
		Use: "destroy STACK_ID", Short: "Propose to remove all that a stack manages", Args: oneArg("STACK_ID"),
		Long: "Propose to remove all that a stack manages. It is a change set like any other, and policy allows it where the stack's\n" +
			"parameters have deletable, which is set before. A stack whose outputs others read is refused until these are gone.",
		Example: "  aegis stack set dev.edge.eu-west-1 deletable=true --watch\n  aegis stack destroy dev.edge.eu-west-1 --watch",
	}
	return c.proposing(cmd, "follow it to its end", c.destroy)
}

func (c *cli) destroy(ctx context.Context, id string) (aegis.AutonomousChangeSet, error) {
	return c.api().DestroyStack(ctx, id)
}

func (c *cli) stackUnlock() *cobra.Command {
	return &cobra.Command{
		Use: "unlock STACK_ID LOCK_ID", Short: "Remove a lock of a workspace's remote state, whoever holds it",
		Long: "Remove a lock of a workspace's remote state. The stack's error names holder, age and id of the lock. Make sure\n" +
			"that the holder is gone: two that write one state destroy it.",
		Example: "  aegis stack unlock dns 6b3c2f1e-7d1a-4a53-9b1f-0c3f2f7a5d11",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("give a stack's id and the id of its lock")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.api().UnlockStack(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return c.showStack(s)
		},
	}
}
