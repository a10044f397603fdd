package estate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
	"github.com/aegisworld/aegis/agent/tool"
)

// logGroupType is how stacks list log groups.
const logGroupType = "aws_cloudwatch_log_group"

type logsQuery struct {
	StackID string `json:"stack_id" jsonschema:"minLength=1,maxLength=200,description=the stack that has the log group"`
	Group   string `json:"log_group" jsonschema:"minLength=1,maxLength=512,description=a name as list_resources has it under type aws_cloudwatch_log_group"`
	Filter  string `json:"filter,omitempty" jsonschema:"maxLength=512,description=a filter pattern of CloudWatch Logs"`
	Minutes int    `json:"minutes,omitempty" jsonschema:"minimum=1,maximum=1440,description=how far back; 60 when left out"`
	Limit   int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=50,description=50 when left out"`
}

type logRow struct {
	At      time.Time `json:"at"`
	Stream  string    `json:"stream"`
	Message string    `json:"message"`
}

type logsAnswer struct {
	Events []logRow `json:"events" jsonschema:"maxItems=50"`
}

type metricsQuery struct {
	Region     string            `json:"region" jsonschema:"minLength=1,maxLength=40"`
	Namespace  string            `json:"namespace" jsonschema:"minLength=1,maxLength=255,example=AWS/EC2"`
	Metric     string            `json:"metric" jsonschema:"minLength=1,maxLength=255,example=CPUUtilization"`
	Dimensions map[string]string `json:"dimensions,omitempty" jsonschema:"maxProperties=30"`
	Statistic  string            `json:"statistic,omitempty" jsonschema:"enum=Average,enum=Sum,enum=Minimum,enum=Maximum,enum=SampleCount,enum=p50,enum=p90,enum=p99,description=Average when left out"`
	Minutes    int               `json:"minutes,omitempty" jsonschema:"minimum=1,maximum=20160,description=how far back; 60 when left out"`
}

type metricRow struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

type metricsAnswer struct {
	PeriodSeconds int         `json:"period_seconds"`
	Points        []metricRow `json:"points" jsonschema:"maxItems=50"`
}

func (t tools) telemetryTools() []tool.Tool {
	return []tool.Tool{
		describe(about{
			name: "read_logs", scope: ScopeTelemetry, timeout: time.Minute,
			summary: "Reads the newest events of a log group that a stack has, without secrets and personal data.",
		}, t.readLogs),
		describe(about{
			name: "read_metrics", scope: ScopeTelemetry, timeout: time.Minute, usd: 0.00001, // $0.01 for a thousand metrics
			summary: "Reads the values of a CloudWatch metric in a region of the estate, 50 at most.",
		}, t.readMetrics),
	}
}

// readLogs reads what a stack owns and nothing else in the account.
func (t tools) readLogs(ctx context.Context, by tool.Caller, in logsQuery) (logsAnswer, error) {
	s, err := t.stack(ctx, by, in.StackID)
	if err != nil {
		return logsAnswer{}, err
	}
	owned, err := t.Stacks.StackResources(ctx, s.StackID)
	if err != nil {
		return logsAnswer{}, err
	}
	at := slices.IndexFunc(owned, func(r aegis.IndexedResource) bool {
		return r.Type == logGroupType && slices.Contains([]string{r.Name, r.ID}, in.Group)
	})
	if at < 0 {
		return logsAnswer{}, fmt.Errorf("stack %s has no log group %q: %w", s.StackID, in.Group, aegis.ErrNotFound)
	}
	region := cmp.Or(owned[at].Region, s.Region)
	if err := t.inRegion(by, region); err != nil {
		return logsAnswer{}, err
	}
	now := t.Now()
	found, err := t.Telemetry.Logs(ctx, aegis.LogQuery{
		Region: region, Group: in.Group, Filter: in.Filter, Since: now.Add(-minutes(in.Minutes)), Until: now, Limit: cmp.Or(in.Limit, most),
	})
	if err != nil {
		return logsAnswer{}, err
	}
	out := logsAnswer{Events: []logRow{}}
	for _, e := range first(found) {
		out.Events = append(out.Events, logRow{At: e.At, Stream: e.Stream, Message: tool.Clip(memory.Scrub(e.Message), 2*maxValue)})
	}
	return out, nil
}

func minutes(asked int) time.Duration { return time.Duration(cmp.Or(asked, 60)) * time.Minute }

func (t tools) inRegion(by tool.Caller, region string) error {
	if !slices.Contains(t.Regions, region) || !within(by.Regions, region) {
		return fmt.Errorf("look at region %q, which is none of %s that the agent may look at: %w",
			region, strings.Join(t.Regions, ", "), aegis.ErrForbidden)
	}
	return nil
}

func (t tools) readMetrics(ctx context.Context, by tool.Caller, in metricsQuery) (metricsAnswer, error) {
	if err := t.inRegion(by, in.Region); err != nil {
		return metricsAnswer{}, err
	}
	if len(by.Layers)+len(by.StackIDs) > 0 {
		return metricsAnswer{}, fmt.Errorf("read metrics, which belong to no layer and no stack, as an agent of some alone: %w", aegis.ErrForbidden)
	}
	if len(in.Dimensions) > 30 {
		return metricsAnswer{}, aegis.Invalid("dimensions", "give 30 at most, as CloudWatch has them")
	}
	span, now := minutes(in.Minutes), t.Now()
	// Whole minutes, of which at most 50 make up the span.
	period := max(time.Minute, (span/most + time.Minute - 1).Truncate(time.Minute))
	found, err := t.Telemetry.Metric(ctx, aegis.MetricQuery{
		Region: in.Region, Namespace: in.Namespace, Metric: in.Metric, Dimensions: in.Dimensions, Statistic: cmp.Or(in.Statistic, "Average"),
		Period: period, Since: now.Add(-span), Until: now,
	})
	if err != nil {
		return metricsAnswer{}, err
	}
	out := metricsAnswer{PeriodSeconds: int(period.Seconds()), Points: []metricRow{}}
	for _, p := range found[max(0, len(found)-most):] {
		out.Points = append(out.Points, metricRow{At: p.At, Value: p.Value})
	}
	return out, nil
}
