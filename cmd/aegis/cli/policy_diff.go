package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

func (c *cli) policyDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff A [B]", Short: "Say what policy bundle A has otherwise than B",
		Long: "Say what policy bundle A has otherwise than B, or than the shipped one: rules by code and effect, settings, and files.\n" +
			"Either is a folder or a .tar.gz. One without a .manifest is added to the shipped bundle first.",
		Example: "  aegis policy diff ./acme\n" +
			"  aegis policy diff ./acme acme-2025.tar.gz -o json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usage("%s takes one or two arguments, A and B; %d given", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			after, err := standing(args[0])
			if err != nil {
				return err
			}
			before, err := policies.Embedded()
			if len(args) == 2 {
				before, err = standing(args[1])
			}
			if err != nil {
				return err
			}
			d, err := author.Diff(before, after)
			if err != nil {
				return err
			}
			return c.show(d, func(w io.Writer) { writeDifference(w, d) })
		},
	}
}

// standing is a bundle as it would run.
func standing(name string) (archive.Files, error) {
	piece, err := openBundle(name)
	if err != nil {
		return nil, err
	}
	files, err := author.Compose(piece.bundle, piece.base)
	if err != nil {
		return nil, fmt.Errorf("compose %s with the shipped policy bundle: %w", name, err)
	}
	return files, nil
}

func writeDifference(w io.Writer, d author.Difference) {
	if d.Empty() {
		_, _ = fmt.Fprintln(w, "no difference") // into memory
		return
	}
	mark := map[string]string{author.Added: "+", author.Removed: "-", author.Changed: "~"}
	section := func(name string, rows [][]string) {
		if len(rows) > 0 {
			_, _ = fmt.Fprintln(w, name) // into memory
			columns(w, rows)
		}
	}
	var rules, settings, files [][]string
	for _, r := range d.Rules {
		rules = append(rules, []string{mark[r.Kind], r.Effect, r.Code, r.Package, r.Title, strings.Join(r.What, ", ")})
	}
	for _, s := range d.Settings {
		settings = append(settings, []string{mark[s.Kind], s.Path, values(s)})
	}
	for _, f := range d.Files {
		files = append(files, []string{mark[f.Kind], f.File})
	}
	section("rules", rules)
	section("settings", settings)
	section("files", files)
}

// values is "old → new" in JSON.
func values(s author.SettingDifference) string {
	text := func(v any) string {
		raw, _ := json.Marshal(v) // it came from JSON
		return short(string(raw), 60)
	}
	switch s.Kind {
	case author.Added:
		return text(s.After)
	case author.Removed:
		return text(s.Before)
	default:
		return text(s.Before) + " → " + text(s.After)
	}
}
