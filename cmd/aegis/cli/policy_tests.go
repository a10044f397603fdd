package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/author"
)

// testFlags say what is tested and told.
type testFlags struct {
	run       string
	coverage  bool
	threshold float64
	all       bool
	verbose   bool
}

func (c *cli) policyTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test DIR|FILE.tar.gz", Short: "Run the tests of a policy bundle", Args: oneArg("DIR or FILE.tar.gz"),
		Long: "Run the tests of a policy bundle, rules test_… as for opa test. Each ends after 5 s, and functions that the gate\n" +
			"refuses are refused here. A bundle without a .manifest is tested together with the shipped bundle. Tests that are the\n" +
			"shipped bundle's own run where the bundle replaces shipped rules, and with the shipped settings, since a freeze or\n" +
			"another limit may contradict them; coverage is that of what the bundle adds or replaces. --all runs everything as it\n" +
			"is. Exits 1 when a test fails or less than --threshold is covered.",
		Example: "  aegis policy test ./acme\n" +
			"  aegis policy test ./acme --run 'too_many' -v\n" +
			"  aegis policy test ./acme --coverage --threshold 90\n" +
			"  aegis policy test policies/bundle --all",
	}
	var f testFlags
	cmd.Flags().StringVar(&f.run, "run", "", "only the tests whose name, with the package, this regular expression matches")
	cmd.Flags().BoolVar(&f.coverage, "coverage", false, "show which lines of rules no test ran")
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "fail when tests run less than this share of the rules' lines, in percent")
	cmd.Flags().BoolVar(&f.all, "all", false, "run the shipped bundle's tests too")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show tests that pass, and what tests print")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := regexp.Compile(f.run); err != nil {
			return usage("--run: %s", err)
		}
		if !(f.threshold >= 0 && f.threshold <= 100) {
			return usage("--threshold: %v is not 0 to 100", f.threshold)
		}
		piece, err := openBundle(args[0])
		if err != nil {
			return err
		}
		files, err := c.checked(piece)
		if err != nil {
			return err
		}
		o := author.TestOptions{Run: f.run}
		if !f.all {
			if o.Base, err = policies.Embedded(); err != nil {
				return err
			}
		}
		report, err := author.Test(cmd.Context(), files, o)
		if err != nil {
			return err
		}
		if err := c.show(report, func(w io.Writer) { writeTests(w, piece, report, f) }); err != nil {
			return err
		}
		return f.verdict(report)
	}
	return cmd
}

// verdict is an error when a test did not pass or too little is covered.
func (f testFlags) verdict(r author.TestReport) error {
	switch bad := r.Failed + r.Errored; {
	case len(r.Tests) == 0 && f.run != "":
		return fmt.Errorf("no test matches %q", f.run)
	case len(r.Tests) == 0 && f.threshold == 0:
		return errors.New("there are no tests but the shipped bundle's, which --all runs; write rules test_… in a file ending in _test.rego")
	case bad > 0:
		return fmt.Errorf("%d of %s did not pass", bad, plural(len(r.Tests), "test"))
	case r.Coverage.Percent < f.threshold:
		return fmt.Errorf("tests cover %.1f %% of the rules' lines; --threshold asks for %v %%", r.Coverage.Percent, f.threshold)
	default:
		return nil
	}
}

func writeTests(w io.Writer, piece workpiece, r author.TestReport, f testFlags) {
	for _, t := range r.Tests {
		if t.Outcome == author.OutcomePassed && !f.verbose {
			continue
		}
		file := t.File
		t.File = piece.path(file)
		_, _ = fmt.Fprintf(w, "%-7s %s (%.1f ms)\n", t.Outcome, strings.TrimSuffix(t.String(), ": "), t.DurationMS) // into memory
		if t.Output != "" {
			_, _ = fmt.Fprintf(w, "        %s\n", strings.ReplaceAll(strings.TrimSpace(t.Output), "\n", "\n        "))
		}
	}
	if f.coverage || f.threshold > 0 {
		writeCoverage(w, piece, r.Coverage)
	}
	_, _ = fmt.Fprintf(w, "%d passed, %d failed, %d errored, %d skipped; coverage %.1f %%\n",
		r.Passed, r.Failed, r.Errored, r.Skipped, r.Coverage.Percent)
}

func writeCoverage(w io.Writer, piece workpiece, c author.Coverage) {
	rows := make([][]string, len(c.Files))
	for i, f := range c.Files {
		var missed []string
		for _, lines := range f.Missed {
			if lines[0] == lines[1] {
				missed = append(missed, fmt.Sprint(lines[0]))
				continue
			}
			missed = append(missed, fmt.Sprintf("%d-%d", lines[0], lines[1]))
		}
		rows[i] = []string{piece.path(f.File), fmt.Sprintf("%.1f %%", f.Percent), strings.Join(missed, ", ")}
	}
	table(w, "FILE COVERAGE NOT_RUN", rows)
}
