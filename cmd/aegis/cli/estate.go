package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis/internal/estate"
)

// EstateOptions are the flags of `aegis estate`.
type EstateOptions struct {
	ConfigFile        string
	Size, Environment string
	Regions           []string
}

func (c *cli) estate() *cobra.Command {
	cmd := group("estate", "See what an estate comes to before it is made, and remove it",
		c.estateRender(), c.estateValidate(), c.estatePrice(), c.estateGraph(), c.estateDestroy())
	cmd.Long = "See what an estate comes to before it is made: what the configuration of serve and bootstrap describes, by `environment`,\n" +
		"`regions` and `estate`. All but destroy ask nothing of AWS, of Pulumi or of an API."
	cmd.PersistentFlags().StringVarP(&c.output, "output", "o", "text", "text or json")
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return c.checkOutput() }
	return cmd
}

// drawn is a verb that draws the estate and then does something with it.
func (c *cli) drawn(cmd *cobra.Command, do func(estate.Estate) error) *cobra.Command {
	var o EstateOptions
	cmd.Args = noArgs
	f := cmd.Flags()
	f.StringVar(&o.ConfigFile, "config", "", "configuration file (YAML)")
	f.StringVar(&o.Size, "estate", "", "size of the estate, in place of the configuration's")
	f.StringVar(&o.Environment, "environment", "", "environment, in place of the configuration's")
	f.StringSliceVar(&o.Regions, "regions", nil, "regions, the primary first, in place of the configuration's")
	cmd.RunE = func(*cobra.Command, []string) error {
		e, err := c.ops.Estate(o)
		if err != nil {
			return err
		}
		return do(e)
	}
	return cmd
}

func (c *cli) estateRender() *cobra.Command {
	return c.drawn(&cobra.Command{
		Use: "render", Short: "Print the spec of every stack",
		Long:    "Print the spec of every stack in the order of creation, as YAML, or JSON with -o json.",
		Example: "  aegis estate render --config /etc/aegis.yaml",
	}, func(e estate.Estate) error {
		if c.output == "json" {
			return writeJSON(c.Out, e.Stacks)
		}
		for _, s := range e.Stacks {
			var parameters any
			if err := yaml.Unmarshal(s.Spec.Parameters, &parameters); err != nil { // JSON is YAML
				return err
			}
			text, err := yaml.Marshal(map[string]any{s.StackID: parameters})
			if err != nil {
				return err
			}
			if _, err := c.Out.Write(text); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cli) estateValidate() *cobra.Command {
	return c.drawn(&cobra.Command{
		Use: "validate", Short: "Check the estate's description",
		Long: "Check the estate's description: every stack's parameters against its schema and the rules between fields, and the rules\n" +
			"between stacks, such as address ranges that overlap. Exits 1 with all faults, each with its field.",
		Example: "  aegis estate validate --config /etc/aegis.yaml",
	}, func(e estate.Estate) error {
		return c.show(map[string]int{"stacks": len(e.Stacks), "resources": e.Resources}, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "valid: %s, %s in %s\n", plural(len(e.Stacks), "stack"), plural(e.Resources, "resource"), strings.Join(e.Regions, ", "))
		})
	})
}

func (c *cli) estatePrice() *cobra.Command {
	return c.drawn(&cobra.Command{
		Use: "price", Short: "Say what the estate costs a month",
		Long: "Say what the estate costs a month by list prices: its standing cost, without usage such as requests and stored bytes.\n" +
			"Resources whose price is not known are named.",
		Example: "  aegis estate price --estate small --regions us-east-1,eu-west-1,eu-central-1",
	}, func(e estate.Estate) error {
		return c.show(e, func(w io.Writer) { priceTable(w, e) })
	})
}

// priceTable has a row a layer, a column a region.
func priceTable(w io.Writer, e estate.Estate) {
	usd, layers, byRegion := map[string]map[string]float64{}, []string{}, map[string]float64{}
	var unpriced []string
	for _, s := range e.Stacks {
		if usd[s.Layer] == nil {
			usd[s.Layer] = map[string]float64{}
			layers = append(layers, s.Layer)
		}
		usd[s.Layer][s.Region] += s.USDMonth
		byRegion[s.Region] += s.USDMonth
		for _, address := range s.Unpriced {
			unpriced = append(unpriced, s.StackID+" "+address)
		}
	}
	row := func(name string, by map[string]float64) []string {
		cells, sum := []string{name}, 0.0
		for _, region := range e.Regions {
			cells = append(cells, fmt.Sprintf("$%.2f", by[region]))
			sum += by[region]
		}
		return append(cells, fmt.Sprintf("$%.2f", sum))
	}
	var rows [][]string
	for _, layer := range layers {
		rows = append(rows, row(layer, usd[layer]))
	}
	rows = append(rows, row("all", byRegion))
	table(w, strings.ToUpper("layer "+strings.Join(e.Regions, " ")+" all"), rows)
	for _, one := range unpriced {
		_, _ = fmt.Fprintln(w, "no price is known of", one) // into memory
	}
}

func (c *cli) estateGraph() *cobra.Command {
	var format, file string
	cmd := c.drawn(&cobra.Command{
		Use: "graph", Short: "Draw what depends on what",
		Long: "Draw what depends on what, by region: as DOT, the language of Graphviz, or as an SVG picture.",
		Example: "  aegis estate graph --format svg --out estate.svg\n" +
			"  aegis estate graph | dot -Tpdf > estate.pdf",
	}, func(e estate.Estate) error {
		var text string
		switch format {
		case "dot":
			text = e.DOT()
		case "svg":
			text = e.SVG()
		default:
			return usage("--format: %q is neither dot nor svg", format)
		}
		if file == "" {
			_, err := io.WriteString(c.Out, text)
			return err
		}
		return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // a picture for everybody
	})
	cmd.Flags().StringVar(&format, "format", "dot", "dot or svg")
	cmd.Flags().StringVar(&file, "out", "", "file to write, in place of standard output")
	return cmd
}
