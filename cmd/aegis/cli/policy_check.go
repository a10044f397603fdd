package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies/author"
)

func (c *cli) policyCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check DIR|FILE.tar.gz", Short: "Say what is wrong with a policy bundle", Args: oneArg("DIR or FILE.tar.gz"),
		Long: "Say what is wrong with a policy bundle, by file, line and column: Rego that does not compile in strict mode or does\n" +
			"not fit the schemas of input, built-in functions whose answer depends on more than their arguments, data, roots, and\n" +
			"a gate that would not answer. METADATA that is missing is a warning. A bundle without a .manifest is checked together\n" +
			"with the shipped bundle. Exits 1 when there are errors.",
		Example: "  aegis policy check ./acme\n" +
			"  aegis policy check bundle.tar.gz -o json",
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		piece, err := openBundle(args[0])
		if err != nil {
			return err
		}
		_, faults := author.Check(piece.bundle, piece.base)
		wrong := len(author.Errors(faults))
		found := struct {
			Errors   int            `json:"errors"`
			Warnings int            `json:"warnings"`
			Faults   []author.Fault `json:"faults"`
		}{wrong, len(faults) - wrong, append([]author.Fault{}, faults...)}
		if err := c.show(found, func(w io.Writer) {
			for _, f := range faults {
				_, _ = fmt.Fprintln(w, piece.place(f)) // into memory
			}
			if wrong == 0 {
				_, _ = fmt.Fprintf(w, "%s: %s, no errors, %s\n", piece.name, plural(len(piece.bundle), "file"), plural(found.Warnings, "warning"))
			}
		}); err != nil {
			return err
		}
		if wrong > 0 {
			return fmt.Errorf("%s has %s", piece.name, plural(wrong, "error"))
		}
		return nil
	}
	return cmd
}
