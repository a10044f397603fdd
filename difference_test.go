package aegis_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestDriftRuleCovers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		address, attribute string
		drifted            [3]string // address, type, attribute
		want               bool
	}{
		"the address":                           {"aws_vpc::main", "tags", [3]string{"aws_vpc::main", "aws_vpc", "tags"}, true},
		"the type, and what is below":           {"aws_vpc", "tags", [3]string{"aws_vpc::main", "aws_vpc", "tags.owner"}, true},
		"all tags as tags":                      {"aws_vpc", "tags.owner", [3]string{"aws_vpc::main", "aws_vpc", "tags_all.owner"}, true},
		"a glob of both":                        {"aws_*", "*capacity", [3]string{"aws_autoscaling_group::node", "aws_autoscaling_group", "desired_capacity"}, true},
		"an address with brackets by its name":  {`aws_vpc.a["x"]`, "*", [3]string{`aws_vpc.a["x"]`, "aws_vpc", "tags"}, true},
		"no other address":                      {"aws_vpc::main", "tags", [3]string{"aws_vpc::other", "aws_vpc", "tags"}, false},
		"no attribute that begins the same":     {"aws_vpc", "tag", [3]string{"aws_vpc::main", "aws_vpc", "tags"}, false},
		"no deletion by a glob":                 {"aws_vpc", "*", [3]string{"aws_vpc::main", "aws_vpc", ""}, false},
		"a deletion by nothing, and no more":    {"aws_vpc", "", [3]string{"aws_vpc::main", "aws_vpc", "tags"}, false},
		"a deletion by nothing":                 {"aws_vpc", "", [3]string{"aws_vpc::main", "aws_vpc", ""}, true},
		"nothing by a pattern that is no good":  {"[", "[", [3]string{"aws_vpc::main", "aws_vpc", "tags"}, false},
		"not what has the attribute as a value": {"aws_vpc", "tags.owner", [3]string{"aws_vpc::main", "aws_vpc", "tags"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := aegis.DriftRule{StackID: "s", Address: test.address, Attribute: test.attribute}
			require.Equal(t, test.want, r.Covers("s", test.drifted[0], test.drifted[1], test.drifted[2]))
			require.False(t, r.Covers("other", test.drifted[0], test.drifted[1], test.drifted[2]))
		})
	}
}

// TestExpectTakesNothingElse lets rules cover some of what drifts, and holds what
// is left and what is expected to all that drifted.
func TestExpectTakesNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		names := rapid.SampledFrom([]string{"a", "b", "tags", "x.y"})
		value := rapid.OneOf(
			rapid.Custom(func(r *rapid.T) any { return rapid.IntRange(0, 2).Draw(r, "n") }),
			rapid.Custom(func(r *rapid.T) any {
				return map[string]any{"k": rapid.IntRange(0, 1).Draw(r, "k"), "l.m": rapid.IntRange(0, 1).Draw(r, "l")}
			}))
		attributes := rapid.MapOfN(names, value, 0, 4)
		seen := aegis.Observation{StackID: "s"}
		for i := range rapid.IntRange(1, 3).Draw(r, "resources") {
			c := aegis.ResourceChange{Address: fmt.Sprintf("t::%d", i), Type: "t", Action: aegis.ActionUpdate}
			c.Before, c.After = attributes.Draw(r, "before"), attributes.Draw(r, "after")
			if rapid.Bool().Draw(r, "gone") {
				c.Action, c.After = aegis.ActionDelete, nil
			}
			seen.Drift = append(seen.Drift, c)
		}
		var rules []aegis.DriftRule
		for i := range rapid.IntRange(0, 3).Draw(r, "rules") {
			rules = append(rules, aegis.DriftRule{
				RuleID: fmt.Sprint(i), StackID: "s", Address: rapid.SampledFrom([]string{"t", "t::0", "t::*", "u"}).Draw(r, "address"),
				Attribute: rapid.SampledFrom([]string{"", "*", "a", "tags.k", "tags", "tags.l.m"}).Draw(r, "attribute"),
			})
		}
		all := paths(seen.Drift)
		rest := seen.Expect(rules)
		left := paths(rest.Drift)
		require.Equal(r, all, paths(seen.Drift), "the observation itself stays")
		for _, e := range rest.Expected {
			key := e.Address + " " + e.Attribute
			require.Contains(r, all, key)
			require.NotContains(r, left, key)
			left[key] = true
		}
		require.Equal(r, all, left)
		for key := range paths(rest.Drift) {
			var address, attribute string
			_, _ = fmt.Sscan(key, &address, &attribute)
			for _, rule := range rules {
				require.False(r, rule.Covers("s", address, "t", attribute), "%s is covered by %+v", key, rule)
			}
		}
	})
}

func paths(drift []aegis.ResourceChange) map[string]bool {
	found := map[string]bool{}
	for _, c := range drift {
		if c.Action == aegis.ActionDelete {
			found[c.Address+" "] = true
			continue
		}
		for _, d := range c.Differences() {
			found[c.Address+" "+d.Attribute] = true
		}
	}
	return found
}
