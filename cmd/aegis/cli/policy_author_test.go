package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// largeChange writes large.json, the input of a goal's change of 21 resources.
func largeChange(dir string) error {
	in := aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{
			ChangeSetID: "chg-1", RiskTolerance: aegis.RiskHigh, Patches: []aegis.SpecPatch{}, RiskFactors: []aegis.RiskFactor{},
			Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{"dev.runtime.eu-west-1"}, Regions: []string{"eu-west-1"}},
		},
		Inverse: []aegis.ResourceChange{}, Breakers: []aegis.Breaker{}, Source: aegis.SourceGoal, Actor: "ada",
		Stacks:  map[string]aegis.Stack{"dev.runtime.eu-west-1": {StackID: "dev.runtime.eu-west-1", Layer: "runtime"}},
		Specs:   map[string]aegis.Spec{},
		Regions: []string{"eu-west-1"}, Budget: aegis.GateBudget{LimitUSDMonth: -1},
	}
	for i := range 21 {
		in.Diff = append(in.Diff, aegis.ResourceChange{
			StackID: "dev.runtime.eu-west-1", Address: fmt.Sprintf("aws_ssm_parameter::p%d", i), Type: "aws_ssm_parameter",
			Region: "eu-west-1", Action: aegis.ActionUpdate, Before: map[string]any{"value": "a"}, After: map[string]any{"value": "b"},
		})
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "large.json"), raw, 0o600)
}

// traversal writes a bundle one entry of which leads out of it.
func traversal(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(archive.Files{"../../evil.rego": []byte("package evil\n")}.Tar(f))
	ts.Check(f.Close())
}

// ownersOnly demands that nobody else may read a file.
func ownersOnly(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm() != 0o600 {
		ts.Fatalf("%s has mode %o", args[0], info.Mode().Perm())
	}
}
