package policies

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
)

// TestIndexChangesNoAnswer holds that decisions with and without the index are
// the same, on changes that most rules have something against.
func TestIndexChangesNoAnswer(t *testing.T) {
	t.Parallel()
	g, err := NewGate(t.Context(), Options{})
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
