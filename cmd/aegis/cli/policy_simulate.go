package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

func (c *cli) policySimulate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "simulate [--bundle DIR]", Short: "See what a bundle would have decided", Args: noArgs,
		Long: "Judge recorded decisions, live stacks, a goal or a hypothetical difference by a bundle that does not run yet, and\n" +
			"show what it decides otherwise. Nothing changes. A folder with a .manifest is judged instead of the running\n" +
			"bundle; one without is added to it, module by module. Without --bundle, a goal or a difference is judged by the\n" +
			"bundle that runs: what would come of it, without asking for it.",
		Example: "  aegis policy simulate --bundle ./acme --since 720h\n" +
			"  aegis policy simulate --bundle ./acme --change-set cs-01h455vb4pex5vsknk084sn02q\n" +
			"  aegis policy simulate --bundle ./acme --goal \"scale the runtime in eu-west-1 to 4 nodes\"\n" +
			"  aegis policy simulate --goal \"open port 22 to 0.0.0.0/0 everywhere\"\n" +
			"  aegis policy simulate --bundle ./acme --since 720h --fail-on newly-denied=0",
	}
	var bundle, goal, diff string
	var request aegis.SimulationRequest
	f := cmd.Flags()
	f.StringVar(&bundle, "bundle", "", "the candidate: a folder, or a .tar.gz that replaces the running bundle")
	f.StringVar(&request.Since, "since", "", "judge the decisions recorded since then (default 720h when nothing else is named)")
	f.StringSliceVar(&request.ChangeSetIDs, "change-set", nil, "judge the decisions about this change set; may be repeated")
	f.BoolVar(&request.Live, "live", false, "judge what every stack has now, as if it were introduced today")
	f.StringVar(&goal, "goal", "", "judge what this goal would come to")
	f.StringVar(&diff, "diff", "", "judge this difference: a JSON file with a list of changes, or with a change set")
	limits := &failAbove{}
	f.Var(limits, "fail-on", "exit 3 when there are more of these: "+strings.Join(countedNames(), "=N, ")+"=N; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if bundle == "" && goal == "" && diff == "" {
			return usage("say which bundle: --bundle DIR; or what the running one judges: --goal INTENT, --diff FILE")
		}
		if goal != "" {
			request.Goal = &aegis.GoalSpec{Intent: goal}
		}
		if err := readDiff(diff, &request); err != nil {
			return err
		}
		if bundle != "" {
			if err := readCandidate(bundle, &request); err != nil {
				return err
			}
		}
		report, err := c.api().Simulate(cmd.Context(), request)
		if err != nil {
			return err
		}
		if err := c.show(report, func(w io.Writer) { c.writeSimulation(w, report) }); err != nil {
			return err
		}
		return limits.check(report)
	}
	return cmd
}

// readDiff reads a list of resource changes, or the diff of a change set.
func readDiff(file string, r *aegis.SimulationRequest) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the caller names it
	if err != nil {
		return fmt.Errorf("read the difference: %w", err)
	}
	var set struct {
		Diff []aegis.ResourceChange `json:"diff"`
	}
	if json.Unmarshal(text, &set) != nil {
		if err := json.Unmarshal(text, &set.Diff); err != nil {
			return fmt.Errorf("read the difference in %s: %w", file, err)
		}
	}
	if len(set.Diff) == 0 {
		return usage("--diff: %s has no changes; give a JSON list of them, or a change set with a diff", file)
	}
	r.Diff = set.Diff
	return nil
}

// counted are the totals that --fail-on can bound.
func counted(t aegis.SimulationTotals) map[string]int {
	return map[string]int{"newly-denied": t.NewlyDenied, "newly-allowed": t.NewlyAllowed, "errors": t.Errors}
}

func countedNames() []string { return []string{"newly-denied", "newly-allowed", "errors"} }

// failAbove is the flag --fail-on NAME=MOST, which may be repeated.
type failAbove struct {
	names []string
	most  []int
}

// String are the bounds.
func (f *failAbove) String() string {
	parts := make([]string, len(f.names))
	for i, name := range f.names {
		parts[i] = name + "=" + strconv.Itoa(f.most[i])
	}
	return strings.Join(parts, ",")
}

// Type names the values in help.
func (*failAbove) Type() string { return "what=most" }

// Set takes one bound; NAME alone is NAME=0.
func (f *failAbove) Set(v string) error {
	name, number, given := strings.Cut(v, "=")
	most, err := strconv.Atoi(number)
	if _, known := counted(aegis.SimulationTotals{})[name]; !known || given && (err != nil || most < 0) {
		return fmt.Errorf("%q is not like newly-denied=0; there are: %s", v, strings.Join(countedNames(), ", "))
	}
	f.names, f.most = append(f.names, name), append(f.most, most)
	return nil
}

func (f *failAbove) check(r aegis.Simulation) error {
	for i, name := range f.names {
		if n := counted(r.Totals)[name]; n > f.most[i] {
			return found("%d %s, more than %d", n, strings.ReplaceAll(name, "-", " "), f.most[i])
		}
	}
	return nil
}
