package cli_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/api/apitest"
	"github.com/aegisworld/aegis/policies/archive"
)

// runningBundle makes a bundle run, and a signing key in $KEY.
func runningBundle(env *testscript.Env, store *apitest.Store) error {
	var packed bytes.Buffer
	running := archive.Files{
		".manifest": []byte(`{"revision":"base","roots":["aegis"]}`), "aegis/gate/gate.rego": []byte("package aegis.gate\n"),
		"data.json": []byte(`{"aegis":{"settings":{}}}`),
	}
	if err := running.Tar(&packed); err != nil {
		return err
	}
	store.PutBundle("d1", packed.Bytes())
	private, _, err := archive.GenerateKey(archive.EdDSA)
	if err != nil {
		return err
	}
	key := filepath.Join(env.WorkDir, "key.pem")
	env.Setenv("KEY", key)
	return os.WriteFile(key, private, 0o600)
}

// pushed demands what the last push held: pushed composed|whole signed=BOOL
// FILE….
func pushed(ts *testscript.TestScript, _ bool, args []string) {
	store, ok := ts.Value("store").(*apitest.Store)
	if !ok {
		ts.Fatalf("there is no store")
	}
	all := store.Pushed()
	last := all[len(all)-1]
	files, err := archive.ReadTar(bytes.NewReader(last.Archive), archive.DefaultLimits())
	ts.Check(err)
	if composed := last.ComposedOn == "d1"; composed != (args[0] == "composed") {
		ts.Fatalf("composed on %q", last.ComposedOn)
	}
	if _, signed := files[archive.SignaturesName]; signed != (args[1] == "signed=true") {
		ts.Fatalf("signed: %t", signed)
	}
	if got, want := slices.Sorted(maps.Keys(files)), slices.Sorted(slices.Values(args[2:])); !slices.Equal(got, want) {
		ts.Fatalf("it holds %s, not %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// deniedBundle lets the rules that run deny every bundle from now on.
func deniedBundle(ts *testscript.TestScript, _ bool, _ []string) {
	store, ok := ts.Value("store").(*apitest.Store)
	if !ok {
		ts.Fatalf("there is no store")
	}
	store.PutChangeSet(aegis.AutonomousChangeSet{
		ChangeSetID: "chg-bundle", PromotionState: aegis.StateDenied, Phase: aegis.PhaseDone,
		Denials: []aegis.RuleResult{{Code: "policy_meta", Msg: "not signed"}},
	})
}
