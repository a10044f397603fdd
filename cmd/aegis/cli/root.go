package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// root builds the tree of verbs. Help goes to out as it is.
func (c *cli) root(out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "aegis",
		Short: "An infrastructure autopilot for an AWS estate in three active regions",
		Long: "aegis provisions an AWS estate, keeps it as it should be, and turns goals into changes that are\n" +
			"planned, judged by policy, tried on one region, applied, verified, and promoted or rolled back.",
		Example: `  aegis sandbox --addr 127.0.0.1:8080 --data-dir .aegis/sandbox    try everything, without an account
  aegis goal submit "scale the runtime in eu-west-1 to 4 nodes" --watch
  aegis stack list
  aegis change list`,
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              noArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(out)
	root.SetErr(c.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%s", err) })
	root.AddGroup(&cobra.Group{ID: "client", Title: "Talk to an API:"}, &cobra.Group{ID: "run", Title: "Run things here:"})
	for _, cmd := range []*cobra.Command{
		c.goal(), c.agent(), c.change(), c.stack(), c.adopt(), c.drift(), c.incident(), c.budget(), c.breaker(), c.policy(), c.decision(), c.trace(), c.webhook(), c.tokens(), c.login(), c.mcp(),
	} {
		cmd.GroupID = "client"
		c.clientFlags(cmd)
		root.AddCommand(cmd)
	}
	for _, cmd := range []*cobra.Command{c.sandbox(), c.serve(), c.estate(), c.bootstrap(), c.doctor(), c.setup(), c.bench()} {
		cmd.GroupID = "run"
		root.AddCommand(cmd)
	}
	root.AddCommand(c.version())
	return root
}

// group is a verb that only has verbs below it.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			names := make([]string, 0, len(verbs))
			for _, v := range verbs {
				if !v.Hidden {
					names = append(names, v.Name())
				}
			}
			if len(args) > 0 {
				return usage("%q is no verb of %s; there are: %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))
			}
			return usage("say what to do: %s {%s}", cmd.CommandPath(), strings.Join(names, "|"))
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument, not %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// oneArg takes exactly one argument.
func oneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("%s takes one argument, %s; %d given", cmd.CommandPath(), name, len(args))
		}
		return nil
	}
}

// clientFlags adds what every client of the API takes.
func (c *cli) clientFlags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&c.url, "url", "", "the API's address (default $AEGIS_URL, else http://127.0.0.1:8080)")
	f.StringVar(&c.token, "token", "", "a token (default $AEGIS_TOKEN, which other users of this machine can't see)")
	f.StringVarP(&c.output, "output", "o", "text", "text or json")
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error {
		return c.checkOutput()
	}
}

// checkOutput refuses an --output that is none.
func (c *cli) checkOutput() error {
	if c.output != "text" && c.output != "json" {
		return usage("--output: %q is neither text nor json", c.output)
	}
	return nil
}

// failOn is the flag --fail-on of a verb that can find some things.
type failOn struct {
	allowed []string
	value   string
}

func addFailOn(cmd *cobra.Command, allowed ...string) *failOn {
	f := &failOn{allowed: allowed}
	cmd.Flags().Var(f, "fail-on", "exit 3 when this was found: "+strings.Join(allowed, ", "))
	return f
}

// String is the value.
func (f *failOn) String() string { return f.value }

// Type names the values in help.
func (*failOn) Type() string { return "what" }

// Set takes one of the allowed values.
func (f *failOn) Set(v string) error {
	if !slices.Contains(f.allowed, v) {
		return fmt.Errorf("%q is not one of: %s", v, strings.Join(f.allowed, ", "))
	}
	f.value = v
	return nil
}
