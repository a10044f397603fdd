package drift_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

// TestRulesAreReportedOnce adds a rule to a group, and lets both who could see it
// look at it.
func TestRulesAreReportedOnce(t *testing.T) {
	t.Parallel()
	const group = "aws_security_group::web"
	ofGroup := func(kind, name string) aegis.IndexedResource {
		return aegis.IndexedResource{StackID: id, Address: kind + "::" + name, Type: kind, Region: "eu-west-1", ID: name, Parents: []string{"sg-1"}}
	}
	for name, test := range map[string]struct {
		inline []string // what the group's state has
		rules  []aegis.IndexedResource
		kind   aegis.DriftKind
	}{
		"by the engine that has rules inline":           {[]string{"ingress"}, nil, aegis.DriftChanged},
		"by the stock where rules are resources":        {[]string{"ingress"}, []aegis.IndexedResource{ofGroup("aws_vpc_security_group_ingress_rule", "sgr-9")}, aegis.DriftUnmanaged},
		"by the stock where rules are of the old kind":  {[]string{"ingress"}, []aegis.IndexedResource{ofGroup("aws_security_group_rule", "sgrule-9")}, aegis.DriftUnmanaged},
		"by the engine where the others go out":         {[]string{"egress", "ingress"}, []aegis.IndexedResource{ofGroup("aws_vpc_security_group_egress_rule", "sgr-9")}, aegis.DriftChanged},
		"by the stock where the group has had no rules": {nil, nil, aegis.DriftUnmanaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocked(t)
			s.resources = append(s.resources, test.rules...)
			s.state = append([]aegis.IndexedResource{
				{StackID: id, Address: group, Type: "aws_security_group", Region: "eu-west-1", ID: "sg-1", Inline: test.inline},
			}, test.rules...)
			drifted := opened()
			if test.inline == nil {
				drifted.Before["ingress"] = []any{}
			}
			s.drifted = []aegis.ResourceChange{drifted}
			s.there["eu-west-1"] = append(s.there["eu-west-1"], hole)
			require.NoError(t, s.reconciler().Reconcile(t.Context(), id))
			require.NoError(t, s.stock().Take(t.Context(), "eu-west-1"))
			require.NoError(t, s.reconciler().Reconcile(t.Context(), id))
			require.Len(t, s.reports, 1)
			require.Equal(t, test.kind, s.reports[0].Kind)
			require.Equal(t, group, s.reports[0].Changes[0].Address)
			want := aegis.StackClean
			if test.kind == aegis.DriftChanged {
				want = aegis.StackDrifted
			}
			require.Equal(t, want, s.stacks[0].State)
		})
	}
}
