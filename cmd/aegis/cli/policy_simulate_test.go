package cli_test

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
)

// simulation is what the API answers to every simulation of the scripts.
func simulation() aegis.Simulation {
	yesterday := time.Now().Add(-24 * time.Hour)
	flip := aegis.SimulatedFlip{
		DecisionID: "dec-1", ChangeSetID: "cs-3", StackID: "prod.runtime.eu-west-1", Codes: []string{"pace"}, DecidedAt: &yesterday,
		Rules: []aegis.RuleResult{{Code: "pace", Msg: "half of the region at once", Address: "aws_instance::web"}},
	}
	return aegis.Simulation{
		Evaluated: 1204, NewlyDenied: []aegis.SimulatedFlip{flip, flip},
		ByRule: []aegis.RuleFlips{{Code: "pace", NewlyDenied: 2, Examples: []aegis.SimulatedFlip{flip}}},
		Errors: []aegis.SimulationFault{{DecisionID: "dec-9", Code: "bad_record", Message: "not JSON"}},
		Totals: aegis.SimulationTotals{NewlyDenied: 2, Unchanged: 1190, CanaryAdded: 12, Errors: 1},
	}
}

// simulated demands that the newest simulation's request matches:
// simulated '"live":true'.
func simulated(ts *testscript.TestScript, negated bool, args []string) {
	store, ok := ts.Value("store").(*apitest.Store)
	if !ok || len(args) != 1 {
		ts.Fatalf("usage: simulated PATTERN")
	}
	requests := store.Simulated()
	if len(requests) == 0 {
		ts.Fatalf("nothing was simulated")
	}
	sent, err := json.Marshal(requests[len(requests)-1])
	ts.Check(err)
	if regexp.MustCompile(args[0]).Match(sent) == negated {
		ts.Fatalf("%s: matches is %t in %s", args[0], !negated, sent)
	}
}
