package policies

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// TestIndexChangesNoAnswer holds that decisions with and without the index are
// the same, on changes that most rules have something against.
func TestIndexChangesNoAnswer(t *testing.T) {
	t.Parallel()
	g, err := NewGate(t.Context(), Options{Timeout: time.Minute}) // a busy machine is no difference
	require.NoError(t, err)
	require.Greater(t, len(g.index.conditions), 70, "the shipped rules are indexed")
	plain, err := g.plain(t.Context())
	require.NoError(t, err)
	require.Nil(t, plain.index)
	types := typesIn(g.index)
	rapid.Check(t, func(t *rapid.T) {
		in := aegis.GateInput{
			Source: rapid.SampledFrom([]aegis.Source{aegis.SourceGoal, aegis.SourceRollback, aegis.SourceContainment}).Draw(t, "source"),
			Diff:   rapid.SliceOfN(suspects(types), 0, 8).Draw(t, "diff"), Inverse: rapid.SliceOfN(suspects(types), 0, 4).Draw(t, "inverse"),
			ChangeSet: aegis.GateChangeSet{Target: aegis.Target{Kind: aegis.TargetPulumiStack, StackIDs: []string{"a"}, Regions: []string{"eu-west-1"}}},
			Regions:   []string{"eu-west-1"},
		}
		want, got := plain.Decide(t.Context(), in), g.Decide(t.Context(), in)
		require.Equal(t, want, got)
	})
}

// typesIn are the types of all conditions, and one that no rule knows.
func typesIn(x *typeIndex) []string {
	types := map[string]bool{"aws_unheard_of": true}
	for _, byType := range x.byType {
		for name := range byType {
			types[name] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

func suspects(types []string) *rapid.Generator[aegis.ResourceChange] {
	return rapid.Custom(func(t *rapid.T) aegis.ResourceChange {
		return aegis.ResourceChange{
			StackID: "a", Address: rapid.StringMatching(`r[0-9]`).Draw(t, "address"), Type: rapid.SampledFrom(types).Draw(t, "type"), Region: "eu-west-1",
			Action: rapid.SampledFrom([]aegis.Action{aegis.ActionCreate, aegis.ActionUpdate, aegis.ActionReplace, aegis.ActionDelete}).Draw(t, "action"),
			Before: suspicious(t, "before"), After: suspicious(t, "after"),
			Unknown: rapid.SliceOfN(rapid.SampledFrom([]string{"policy", "ingress", "cidr_blocks"}), 0, 1).Draw(t, "unknown"), Sensitive: []string{},
		}
	})
}

// suspicious are some of the attributes that rules look at.
func suspicious(t *rapid.T, label string) map[string]any {
	all := map[string]any{
		"publicly_accessible": true, "acl": "public-read", "force_destroy": true, "skip_final_snapshot": true, "deletion_protection": true,
		"policy": `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]}`, "protocol": "tcp", "from_port": 0, "to_port": 65535,
		"cidr_blocks": []any{"0.0.0.0/0"}, "type": "ingress", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0", "engine_version": "14.1", "instance_type": "m3.large",
		"ingress": []any{map[string]any{"protocol": "-1", "cidr_blocks": []any{"0.0.0.0/0"}}}, "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess",
		"enable_key_rotation": true, "encrypted": true, "retention_in_days": 1, "desired_capacity": 4, "max_size": 1000, "ssl_policy": "ELBSecurityPolicy-2015-05",
		"tags": map[string]any{"aegis:stack": "other"}, "storage_encrypted": false, "actions_enabled": false, "enable": false, "is_enabled": false,
		"block_public_acls": false, "backup_retention_period": 1, "allocated_storage": 10, "access_logs": []any{map[string]any{"enabled": true}},
	}
	names := rapid.SliceOfDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(all))), func(s string) string { return s }).Draw(t, label)
	out := map[string]any{}
	for _, name := range names {
		out[name] = all[name]
	}
	return out
}

// TestTablesAreTheLibrarys compares what Go fills the tables with and what the
// library's rules make of the same document, odd ones included.
func TestTablesAreTheLibrarys(t *testing.T) {
	t.Parallel()
	library, err := readBundle("")
	require.NoError(t, err)
	compiler, err := compile(library, nil)
	require.NoError(t, err)
	query, err := prepare(t.Context(), compiler, library, "lib := data.aegis.lib")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		document, err := json.Marshal(map[string]any{"diff": oddList().Draw(t, "diff"), "inverse": oddList().Draw(t, "inverse")})
		require.NoError(t, err)
		input, err := parseInput(document)
		require.NoError(t, err)
		rs, err := query.Eval(t.Context(), rego.EvalParsedInput(input), rego.EvalSortSets(true))
		require.NoError(t, err)
		want := rs[0].Bindings["lib"].(map[string]any)         //nolint:forcetypeassert // a package is an object
		indexed := newTypeIndex(nil).apply(input).(ast.Object) //nolint:forcetypeassert // as the input is
		filled, err := ast.JSONWithOpt(indexed.Get(ast.StringTerm(tablesKey)).Value, ast.JSONOpt{SortSets: true})
		require.NoError(t, err)
		got := filled.(map[string]any) //nolint:forcetypeassert // apply makes an object
		require.Len(t, got, len(tableNames()))
		for _, name := range tableNames() {
			require.Equal(t, want[name], got[name], "%s of %s", name, document)
		}
	})
}

func oddList() *rapid.Generator[any] {
	row := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any]("row"), rapid.Just[any]([]any{}),
		rapid.Map(rapid.MapOf(
			rapid.SampledFrom([]string{"action", "type", "address"}),
			// As JSON, a table has one key for 1 and "1".
			rapid.SampledFrom([]any{"create", "delete", "replace", "update", "read", "aws_vpc", "01", 1, nil, true, []any{"x"}, map[string]any{"a": 1}}),
		), func(m map[string]any) any { return m }),
	)
	list := rapid.Map(rapid.SliceOfN(row, 0, 6), func(rows []any) any { return rows })
	object := rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-c]`), row, 0, 3), func(m map[string]any) any { return m })
	return rapid.OneOf(rapid.Just[any](nil), rapid.Just[any]("list"), list, object)
}

func TestDataTakesThePlaceOfReferences(t *testing.T) {
	t.Parallel()
	library, err := readBundle("")
	require.NoError(t, err)
	index := newTypeIndex(library.Data)
	compiler, err := compile(library, index)
	require.NoError(t, err)
	settings := ast.MustParseRef("data.aegis.settings")
	kept := compiler.GetRulesExact(libraryRef("stateful_types"))
	require.Zero(t, kept[0].Head.Value.Value.Compare(index.setOf(settings.Append(ast.StringTerm("stateful_types"))).Value))
	for rule := range rulesOf(compiler) {
		ast.WalkRefs(rule.Body, func(ref ast.Ref) bool {
			require.False(t, ref.HasPrefix(libraryRef("settings")), "%s in %s", ref, rule.Ref())
			require.False(t, ref.IsGround() && index.lookup(ref) != nil && index.names[rule.Ref().String()] == nil, "%s in %s", ref, rule.Ref())
			return false
		})
	}
}

func TestIndexOnlyWhatIsKnown(t *testing.T) {
	t.Parallel()
	mine := map[string]string{
		"a rule of one's own":    "package aegis.packs.mine\nimport data.aegis.lib\ndeny contains {\"code\": \"x\", \"msg\": \"m\", \"address\": c.address} if some c in lib.by_type.aws_vpc\n",
		"an input of one's own":  "package aegis.packs.mine\ndeny contains f if some f in data.aegis.packs.iam.deny with input as {}\n",
		"a library of one's own": "package aegis.lib\nmore := 1\n",
	}
	for name, source := range mine {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := Embedded()
			require.NoError(t, err)
			added, err := archive.ReadFS(fstest.MapFS{"aegis/mine.rego": {Data: []byte(source)}}, archive.DefaultLimits())
			require.NoError(t, err)
			maps.Copy(files, added)
			g, err := Load(t.Context(), files, Options{})
			require.NoError(t, err)
			if !strings.HasPrefix(name, "a rule") {
				require.Nil(t, g.index)
				return
			}
			require.Contains(t, g.index.byType["by_type"], "aws_vpc")
			in := aegis.GateInput{
				Source: aegis.SourceGoal, Diff: []aegis.ResourceChange{{Type: "aws_vpc", Action: aegis.ActionCreate, Address: "v"}},
				ChangeSet: aegis.GateChangeSet{Target: aegis.Target{StackIDs: []string{"a"}, Regions: []string{"eu-west-1"}}},
			}
			require.Contains(t, codesOf(g.Decide(t.Context(), in)), "x")
			in.Diff[0].Action = aegis.ActionDelete
			require.NotContains(t, codesOf(g.Decide(t.Context(), in)), "x")
		})
	}
}

func codesOf(r aegis.GateResult) []string {
	var codes []string
	for _, d := range r.Deny {
		codes = append(codes, d.Code)
	}
	return codes
}
