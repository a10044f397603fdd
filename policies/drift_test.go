package policies_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	aegis "github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies"
)

func TestDecideDrift(t *testing.T) {
	t.Parallel()
	seen := aegis.DriftedAttribute{
		Change: aegis.ResourceChange{Type: "aws_autoscaling_group", Address: "aws_autoscaling_group::nodes"}, Attribute: "desired_capacity",
		Before: 2, After: 5, Kind: aegis.DriftChanged,
	}
	for name, test := range map[string]struct {
		settings map[string]any
		want     aegis.DriftDecision
	}{
		"is corrected by default": {nil, aegis.CorrectDrift},
		"is adopted where settings say so": {
			map[string]any{"drift": map[string]any{"adopt": []any{"aws_autoscaling_group.desired_capacity"}}}, aegis.AdoptDrift,
		},
		"is reported where settings say so": {map[string]any{"drift": map[string]any{"report": []any{"*"}}}, aegis.ReportDrift},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, reason := newGate(t, policies.Options{Data: test.settings}).DecideDrift(t.Context(), seen)
			require.Equal(t, test.want, got)
			require.Empty(t, reason)
		})
	}
	t.Run("is reported when policy can't say", func(t *testing.T) {
		t.Parallel()
		got, reason := (*policies.Gate)(nil).DecideDrift(t.Context(), seen)
		require.Equal(t, aegis.ReportDrift, got)
		require.NotEmpty(t, reason)
	})
}
