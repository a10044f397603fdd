package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/aegisworld/aegis/internal/toolchain"
)

// ErrIncomplete says that a program that the main job needs is missing.
var ErrIncomplete = errors.New("the main job can't run here; see the remedies above")

func toolOptions() toolchain.Options {
	executable, _ := os.Executable() // "" is searched nowhere
	return toolchain.Options{Executable: executable, Env: os.Getenv}
}

// forEngines are toolOptions without what only the sandbox runs.
func forEngines() toolchain.Options {
	o := toolOptions()
	o.EnginesOnly = true
	return o
}

// Setup gets what the engines and, unless enginesOnly, the sandbox need and
// says on w what it chose.
func Setup(ctx context.Context, w io.Writer, enginesOnly bool) error {
	o := toolOptions()
	o.EnginesOnly = enginesOnly
	return toolchain.Setup(ctx, o, w)
}

// Doctor writes what was found, as a table or JSON, and returns ErrIncomplete
// when the main job can't run; with enginesOnly that is to serve.
func Doctor(ctx context.Context, w io.Writer, asJSON, enginesOnly bool) error {
	o := toolOptions()
	o.EnginesOnly = enginesOnly
	tools, err := toolchain.Detect(ctx, o)
	if err != nil {
		return fmt.Errorf("look for tools: %w", err)
	}
	if err := writeReport(w, append(tools.Report(), terraformUserItem()), tools.Complete(), asJSON); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if !tools.Complete() {
		return ErrIncomplete
	}
	return nil
}

// terraformUserItem says whom adopted workspaces run as.
func terraformUserItem() toolchain.Item {
	item := toolchain.Item{Name: "terraform user", OK: true}
	credential, err := TerraformConfig{}.credential()
	if err != nil {
		item.OK, item.Remedy = false, err.Error()
		return item
	}
	item.Origin, item.Remedy = terraformUser(credential)
	return item
}

func writeReport(w io.Writer, items []toolchain.Item, complete, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"items": items, "complete": complete})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "TOOL\tSTATE\tVERSION\tFROM\tREMEDY")
	for _, item := range items {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", item.Name, itemState(item), item.Version, item.Origin, item.Remedy)
	}
	return t.Flush()
}

func itemState(item toolchain.Item) string {
	switch {
	case item.OK:
		return "ok"
	case item.Required:
		return "MISSING"
	default:
		return "absent"
	}
}

// completeTools detects the tools and refuses when a required one is missing,
// naming it and its remedy.
func completeTools(ctx context.Context, o toolchain.Options) (toolchain.Tools, error) {
	tools, err := toolchain.Detect(ctx, o)
	if err != nil {
		return tools, fmt.Errorf("look for tools: %w", err)
	}
	var missing []error
	for _, item := range tools.Report() {
		if item.Required && !item.OK {
			missing = append(missing, fmt.Errorf("%s is missing: %s", item.Name, item.Remedy))
		}
	}
	return tools, errors.Join(missing...)
}
