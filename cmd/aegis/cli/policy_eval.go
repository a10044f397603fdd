package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

// mostInput bounds an input document, in bytes.
const mostInput = 64 << 20

func (c *cli) policyEval() *cobra.Command {
	cmd := &cobra.Command{
		Use: "eval DIR|FILE.tar.gz", Short: "Ask a policy bundle about an input", Args: oneArg("DIR or FILE.tar.gz"),
		Long: "Ask a policy bundle what the gate would: deny, warn, require and execution_policy, denials with their remedies. The\n" +
			"input is a document as the gate gets it, or a decision from aegis decision get -o json. A bundle without a .manifest\n" +
			"is added to the shipped bundle.",
		Example: "  aegis policy eval ./acme --input input.json\n" +
			"  aegis decision get DECISION_ID -o json | aegis policy eval ./acme --input - --fail-on deny\n" +
			"  aegis policy eval ./acme --input input.json --query 'data.aegis.packs.acme'",
	}
	var input, query string
	cmd.Flags().StringVar(&input, "input", "", "the file with the input, or - for standard input")
	cmd.Flags().StringVar(&query, "query", "", "any Rego query in place of the gate's")
	fail := addFailOn(cmd, "deny")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if input == "" {
			return usage("--input is needed: a file, or - for standard input")
		}
		piece, err := openBundle(args[0])
		if err != nil {
			return err
		}
		files, err := c.checked(piece)
		if err != nil {
			return err
		}
		document, err := readInput(input, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if query != "" {
			results, err := author.Query(cmd.Context(), files, query, document)
			if err != nil {
				return err
			}
			return writeJSON(c.Out, results)
		}
		return c.ask(cmd, files, document, fail)
	}
	return cmd
}

// ask lets a bundle decide as the gate would.
func (c *cli) ask(cmd *cobra.Command, files archive.Files, document json.RawMessage, fail *failOn) error {
	gate, err := policies.Load(cmd.Context(), files, policies.Options{})
	if err != nil {
		return err
	}
	result, err := gate.Replay(cmd.Context(), document)
	if err != nil {
		return err
	}
	if err := c.show(result, func(w io.Writer) { writeAnswer(w, result) }); err != nil {
		return err
	}
	if fail.value == "deny" && len(result.Deny) > 0 {
		return found("it denies: %s", rules(result.Deny))
	}
	return nil
}

func writeAnswer(w io.Writer, r aegis.GateResult) {
	verdict := "allowed"
	if len(r.Deny) > 0 {
		verdict = "denied"
	}
	facts(w, "verdict", verdict, "rules", r.BundleRevision)
	for _, part := range []struct {
		name  string
		rules []aegis.RuleResult
	}{{"deny", r.Deny}, {"warn", r.Warn}} {
		for _, rule := range part.rules {
			_, _ = fmt.Fprintf(w, "%s  %s: %s\n", part.name, rule.Code, rule.Msg) // into memory
			if rule.Address != "" {
				_, _ = fmt.Fprintf(w, "      %s\n", rule.Address)
			}
		}
	}
	for _, part := range []struct {
		name  string
		value any
	}{{"require", r.Require}, {"execution_policy", r.ExecutionPolicy}} {
		raw, _ := json.Marshal(part.value) // plain structures
		_, _ = fmt.Fprintf(w, "%s  %s\n", part.name, raw)
	}
}

// readFile reads up to most bytes of a file, or of in when its name is "-".
func readFile(name string, in io.Reader, most int64) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the caller names it
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(raw)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return raw, err
}

// readInput reads a document, or that of a decision.
func readInput(name string, in io.Reader) (json.RawMessage, error) {
	raw, err := readFile(name, in, mostInput)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	var decision struct {
		DecisionID string          `json:"decision_id"`
		Input      json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(raw, &decision); err != nil {
		return nil, fmt.Errorf("read the input %s: %w", cmp.Or(name, "-"), err)
	}
	if decision.DecisionID != "" && len(decision.Input) > 0 {
		return decision.Input, nil
	}
	return raw, nil
}
