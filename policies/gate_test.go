package policies_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

// scaling is a goal's change of n Auto Scaling groups.
func scaling(n int) aegis.GateInput {
	in := aegis.GateInput{
		ChangeSet: aegis.GateChangeSet{
			ChangeSetID: "cs-1", RiskScore: 10, RiskTolerance: aegis.RiskMedium,
			Target: aegis.Target{
				Kind: aegis.TargetPulumiStack, StackIDs: []string{"dev.runtime.eu-west-1"}, Regions: []string{"eu-west-1"},
			},
		},
		Stacks: map[string]aegis.Stack{"dev.runtime.eu-west-1": {Layer: aegis.LayerRuntime, Revision: 1}},
		Source: aegis.SourceGoal, Actor: "planner", Regions: []string{"us-east-1", "eu-west-1"},
		Budget: aegis.GateBudget{LimitUSDMonth: -1},
	}
	for i := range n {
		c := aegis.ResourceChange{
			StackID: "dev.runtime.eu-west-1", Address: fmt.Sprintf("aws_autoscaling_group::nodes-%d", i),
			Type: "aws_autoscaling_group", Region: "eu-west-1", Action: aegis.ActionUpdate,
			Before: map[string]any{"desired_capacity": 2, "min_size": 2, "tags": map[string]any{"aegis:layer": "runtime"}},
			After:  map[string]any{"desired_capacity": 4, "min_size": 4, "tags": map[string]any{"aegis:layer": "runtime"}},
		}
		in.Diff = append(in.Diff, c)
		c.Before, c.After = c.After, c.Before
		in.Inverse = append(in.Inverse, c)
	}
	return in
}

func newGate(tb testing.TB, o policies.Options) *policies.Gate {
	tb.Helper()
	g, err := policies.NewGate(tb.Context(), o)
	require.NoError(tb, err)
	return g
}

// bundle writes files into a new directory.
func bundle(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// gateModule is a bundle whose deny has the given body.
func gateModule(deny string) map[string]string {
	return map[string]string{"gate.rego": "package aegis.gate\n" + deny + `
warn := []
require := {"canary": false, "soak_seconds": 0, "snapshot": false, "simulate": false}
execution_policy := {}
`}
}

func codes(r aegis.GateResult) (codes []string) {
	for _, d := range r.Deny {
		codes = append(codes, d.Code)
	}
	return codes
}

func TestAllowsAHarmlessChange(t *testing.T) {
	t.Parallel()
	g := newGate(t, policies.Options{})
	r := g.Decide(t.Context(), scaling(1))
	require.True(t, r.Allowed(), "%+v", r.Deny)
	require.NotNil(t, r.Deny)
	require.NotNil(t, r.Warn)
	require.Equal(t, aegis.Requirements{SoakSeconds: 5}, r.Require)
	require.Equal(t, []string{"autoscaling", "ec2", "iam"}, r.ExecutionPolicy.NetworkScope.Services)
	require.Equal(t, []string{"eu-west-1"}, r.ExecutionPolicy.NetworkScope.Regions)
	require.Equal(t, 1, r.ExecutionPolicy.ResourceLimits.MaxChanges)
	require.True(t, r.ExecutionPolicy.RollbackPolicy.Automatic)
	require.Regexp(t, `^aegis-default-1@[0-9a-f]{12}$`, r.BundleRevision)
}

func TestDenialNamesRuleResourceAndRemedy(t *testing.T) {
	t.Parallel()
	in := scaling(0)
	in.Diff = []aegis.ResourceChange{{
		StackID: "dev.runtime.eu-west-1", Address: "aws_vpc_security_group_ingress_rule::ssh", Type: "aws_vpc_security_group_ingress_rule",
		Region: "eu-west-1", Action: aegis.ActionCreate,
		After: map[string]any{"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/0"},
	}}
	r := newGate(t, policies.Options{}).Decide(t.Context(), in)
	require.Equal(t, []aegis.RuleResult{{
		Code: "world_open_admin_port", Address: "aws_vpc_security_group_ingress_rule::ssh",
		Msg: "aws_vpc_security_group_ingress_rule::ssh opens port 22 to 0.0.0.0/0. Name the addresses that need it, or open another port.",
	}}, r.Deny)
}

func TestFailsClosed(t *testing.T) {
	t.Parallel()
	slow := `deny contains {"code": "x", "msg": "y"} if { some i in numbers.range(1, 10000); some j in numbers.range(1, 10000); i * j == -1 }`
	for name, c := range map[string]struct {
		files map[string]string
		code  string
	}{
		"without modules":              {map[string]string{"data.json": "{}"}, policies.CodeMissing},
		"without package aegis.gate":   {map[string]string{"x.rego": "package other\nx := 1"}, policies.CodeMissing},
		"without require":              {map[string]string{"gate.rego": "package aegis.gate\ndeny := []\nwarn := []\nexecution_policy := {}"}, policies.CodeUndefined},
		"when deny is undefined":       {gateModule(`deny := [] if input.nothing`), policies.CodeUndefined},
		"when deny is no list":         {gateModule(`deny := false`), policies.CodeError},
		"when deny is null":            {gateModule(`deny := null`), policies.CodeUndefined},
		"when a result is a string":    {gateModule(`deny contains "no"`), policies.CodeError},
		"when a result has odd fields": {gateModule(`deny contains {"code": "x", "msg": "y", "severity": 1}`), policies.CodeError},
		"when a built-in fails":        {gateModule(`deny contains {"code": "x", "msg": "y"} if to_number("four") == 4`), policies.CodeError},
		"when rules conflict":          {gateModule("deny := []\ndeny := [1]"), policies.CodeError},
		"when it takes too long":       {gateModule(slow), policies.CodeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := policies.Options{BundleDir: bundle(t, c.files), Timeout: 50 * time.Millisecond}
			if c.code != policies.CodeTimeout {
				o.Timeout = 0
			}
			g := newGate(t, o)
			r := g.Decide(t.Context(), scaling(1))
			require.Equal(t, []string{c.code}, codes(r))
			require.Equal(t, g.Revision(), r.BundleRevision, "it says whose fault it is")
			require.False(t, r.Allowed())
			require.Equal(t, aegis.ExecutionPolicy{}, r.ExecutionPolicy)
		})
	}
}

func TestNoGateDenies(t *testing.T) {
	t.Parallel()
	var none *policies.Gate
	require.Equal(t, []string{policies.CodeMissing}, codes(none.Decide(t.Context(), scaling(1))))
	require.Equal(t, []string{policies.CodeMissing}, codes((&policies.Gate{}).Decide(t.Context(), scaling(1))))
}

func TestSoakOutOfRangeDenies(t *testing.T) {
	t.Parallel()
	for _, soak := range []string{"-1", "1.5", "99999999", `"5"`} {
		files := gateModule("deny := []")
		files["gate.rego"] = strings.Replace(files["gate.rego"], `"soak_seconds": 0`, `"soak_seconds": `+soak, 1)
		r := newGate(t, policies.Options{BundleDir: bundle(t, files)}).Decide(t.Context(), scaling(1))
		require.Equal(t, []string{policies.CodeError}, codes(r), soak)
	}
}

func TestInputThatCanNotBeEncodedDenies(t *testing.T) {
	t.Parallel()
	in := scaling(1)
	in.ChangeSet.CostDeltaUSDMonth = math.NaN()
	require.Equal(t, []string{policies.CodeError}, codes(newGate(t, policies.Options{}).Decide(t.Context(), in)))
}

func TestCancelledDecisionDenies(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, []string{policies.CodeError}, codes(newGate(t, policies.Options{}).Decide(ctx, scaling(1))))
}

func TestBadBundlesAreRefused(t *testing.T) {
	t.Parallel()
	for name, module := range map[string]string{
		"http":        `deny contains {"code": "x", "msg": "y"} if http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200`,
		"environment": `deny contains {"code": "x", "msg": "y"} if opa.runtime().env.HOME`,
		"dns":         `deny contains {"code": "x", "msg": "y"} if count(net.lookup_ip_addr("localhost")) > 0`,
		"clock":       `deny contains {"code": "x", "msg": "y"} if time.now_ns() > 0`,
		"chance":      `deny contains {"code": "x", "msg": "y"} if rand.intn("x", 2) == 1`,
		"syntax":      `deny contains {`,
		"unsafe":      `deny contains {"code": x, "msg": "y"}`,
	} {
		_, err := policies.NewGate(t.Context(), policies.Options{BundleDir: bundle(t, gateModule(module))})
		require.Error(t, err, name)
	}
	_, err := policies.NewGate(t.Context(), policies.Options{BundleDir: filepath.Join(t.TempDir(), "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = policies.NewGate(t.Context(), policies.Options{BundleDir: file})
	require.ErrorContains(t, err, "is not a directory")
}

func TestDirectoryReplacesTheBundle(t *testing.T) {
	t.Parallel()
	files := gateModule(`deny contains {"code": "freeze", "msg": "no changes today"}`)
	files[".manifest"] = `{"revision": "ops-7", "roots": ["aegis"]}`
	files["gate_test.rego"] = "package aegis.gate_test\ntest_x if false"
	g := newGate(t, policies.Options{BundleDir: bundle(t, files)})
	r := g.Decide(t.Context(), scaling(1))
	require.Equal(t, []aegis.RuleResult{{Code: "freeze", Msg: "no changes today"}}, r.Deny)
	require.Regexp(t, `^ops-7@`, r.BundleRevision)
	require.Equal(t, r.BundleRevision, g.Revision())
}

func TestSettingsAreOverridden(t *testing.T) {
	t.Parallel()
	g := newGate(t, policies.Options{Data: map[string]any{
		"soak_seconds": map[string]any{"default": 60}, "max_risk": map[string]any{"medium": 5},
	}})
	r := g.Decide(t.Context(), scaling(1))
	require.Equal(t, []string{"risk_exceeds_tolerance"}, codes(r))
	require.Equal(t, 60, r.Require.SoakSeconds)
	require.NotEqual(t, newGate(t, policies.Options{}).Revision(), g.Revision(), "settings are part of the revision")
	in := scaling(1)
	in.Source = aegis.SourceBootstrap
	require.Equal(t, 0, g.Decide(t.Context(), in).Require.SoakSeconds, "settings beside it stay")

	_, err := policies.NewGate(t.Context(), policies.Options{Data: map[string]any{"soak_second": 1}})
	require.ErrorContains(t, err, `unknown setting "soak_second"`)
	_, err = policies.NewGate(t.Context(), policies.Options{
		BundleDir: bundle(t, gateModule("deny := []")), Data: map[string]any{"soak_seconds": 1},
	})
	require.ErrorContains(t, err, "has no data.aegis.settings")
}

func TestDecidesConcurrently(t *testing.T) {
	t.Parallel()
	g := newGate(t, policies.Options{Timeout: time.Minute})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r := g.Decide(context.Background(), scaling(i+1))
			if len(r.Deny) > 0 || r.ExecutionPolicy.ResourceLimits.MaxChanges != i+1 {
				t.Errorf("decision %d: %+v", i, r)
			}
		})
	}
	all.Wait()
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 200} {
		b.Run(fmt.Sprintf("resources=%d", n), func(b *testing.B) {
			g := newGate(b, policies.Options{})
			in := scaling(n)
			for b.Loop() {
				if r := g.Decide(b.Context(), in); !r.Allowed() {
					b.Fatal(r.Deny)
				}
			}
		})
	}
}
