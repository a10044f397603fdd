package telemetry_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/telemetry"
)

// TestAlertRules reads the rules with Prometheus' own parser, and holds each
// metric and label that they name to what a process exports.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/prometheus/aegis.rules.yaml")
	require.NoError(t, err)
	groups, faults := rulefmt.Parse(text, false, model.UTF8Validation)
	require.Empty(t, faults)

	m := telemetry.NewMetrics("v1", func(context.Context) (map[string]map[string]int64, error) {
		// The kinds and states of postgres.Counts.
		return map[string]map[string]int64{"stacks": {"unknown": 1}, "webhooks": {"disabled": 1}, "breakers": {"open": 1}}, nil
	}, func(context.Context) (aegis.Freshness, error) {
		return aegis.Freshness{Stacks: []aegis.StackFreshness{{StackID: "a", Environment: "prod", Region: "eu-west-1", ReconciledAt: time.Unix(1, 0)}}}, nil
	})
	m.CountEvents(aegis.EventCounts{}, true)
	m.ReadEnded("EC2", "eu-west-1", true, 5)
	exported := scrape(t, m)
	require.Contains(t, exported, `aegis_stack_last_reconciled_timestamp_seconds{environment="prod",region="eu-west-1",stack_id="a"} 1`)
	names := map[string]bool{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			names[rule.Alert] = true
			require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
			expr, err := parser.ParseExpr(rule.Expr)
			require.NoError(t, err, rule.Alert)
			parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
				if v, ok := node.(*parser.VectorSelector); ok {
					requireExported(t, exported, v)
				}
				return nil
			})
		}
	}
	for _, name := range []string{"AegisStackNotReconciled", "AegisStacksUnknown", "AegisWebhookDisabled", "AegisEventsLag", "AegisBreakerOpen"} {
		require.True(t, names[name], name)
	}
}

// requireExported finds a line of the metric with all the labels.
func requireExported(t *testing.T, exported string, v *parser.VectorSelector) {
	t.Helper()
	for line := range strings.Lines(exported) {
		if rest, ok := strings.CutPrefix(line, v.Name); !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		found := true
		for _, m := range v.LabelMatchers {
			found = found && (m.Name == model.MetricNameLabel || strings.Contains(line, m.Name+`="`+m.Value+`"`))
		}
		if found {
			return
		}
	}
	require.Failf(t, "not exported", "%s", v)
}
