package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

func (c *cli) policyNew() *cobra.Command {
	cmd := &cobra.Command{
		Use: "new DIR", Short: "Make a policy bundle to begin with", Args: oneArg("DIR"),
		Long: "Make a policy bundle to begin with: a rule with METADATA, its test with an input as the gate gets it, and the\n" +
			"data that the rule reads. It is added to the running bundle when it is pushed; with --whole it is a copy of the\n" +
			"shipped bundle with a .manifest, which replaces the running one.",
		Example: "  aegis policy new ./acme\n" +
			"  aegis policy new ./acme --package acme --rule too_many_instances\n" +
			"  aegis policy new ./acme --whole",
	}
	var o author.NewOptions
	whole := cmd.Flags().Bool("whole", false, "a bundle that stands alone, with the shipped rules and a .manifest")
	cmd.Flags().StringVar(&o.Package, "package", "acme", "the rules' package: aegis.gate, or the name of a pack")
	cmd.Flags().StringVar(&o.Code, "rule", "change_too_large", "the code of the first rule")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *whole {
			var err error
			if o.Base, err = policies.Embedded(); err != nil {
				return err
			}
		}
		files, err := author.New(o)
		if invalid, ok := errors.AsType[*aegis.InvalidError](err); ok {
			return usage("--%s: %s", invalid.Faults[0].Field, invalid.Faults[0].Message)
		}
		if err != nil {
			return err
		}
		if err := writeFiles(args[0], files); err != nil {
			return fmt.Errorf("make the policy bundle: %w", err)
		}
		made := struct {
			Dir   string   `json:"dir"`
			Files []string `json:"files"`
		}{args[0], files.Names()}
		return c.show(made, func(w io.Writer) {
			listFiles(w, args[0], files, *whole)
			_, _ = fmt.Fprintf(w, "\nNext: aegis policy test %s\n", args[0]) // into memory
		})
	}
	return cmd
}

// listFiles names the files, or counts those of a whole bundle.
func listFiles(w io.Writer, dir string, files archive.Files, whole bool) {
	if whole {
		_, _ = fmt.Fprintf(w, "%s  %d files\n", dir, len(files)) // into memory
		return
	}
	for _, name := range files.Names() {
		_, _ = fmt.Fprintln(w, filepath.Join(dir, name)) // into memory
	}
}

// writeFiles writes a bundle into a folder that has none of its files yet.
func writeFiles(dir string, files archive.Files) error {
	for _, name := range files.Names() {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is there already; name another folder, or remove it", filepath.Join(dir, name))
		}
	}
	for _, name := range files.Names() {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // rules are no secret
			return err
		}
		if err := create(file, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
