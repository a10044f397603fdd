package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/aegisworld/aegis"
)

const (
	// maxLogPages bounds the pages that are read of one span of time; a page of a
	// group in which little fits a filter may be empty.
	maxLogPages = 10
	// firstLogSpan is the span that is read first, and eight times as much next.
	firstLogSpan = time.Minute
)

// logGroupForm is what names of log groups are made of: no wildcard.
var logGroupForm = regexp.MustCompile(`^[A-Za-z0-9_./#-]{1,512}$`)

// Logs are the newest events of a log group that fit, oldest first. CloudWatch gives
// events oldest first, so spans of time are read backwards, each longer than the one
// before, until there is enough. It returns an InvalidError for a name or a filter that can't be, and
// ErrNotFound where there is no such group.
func (c *Cloud) Logs(ctx context.Context, q aegis.LogQuery) ([]aegis.LogEvent, error) {
	readers, err := c.logReaders(ctx, q.Region, q.Group)
	if err != nil {
		return nil, err
	}
	var found []aegis.LogEvent
	for span := firstLogSpan; ; span *= 8 {
		from := q.Until.Add(-span)
		if from.Before(q.Since) {
			from = q.Since
		}
		found, err = logsBetween(ctx, readers.logs(), q, from)
		if err != nil {
			return nil, fmt.Errorf("read log group %s: %w", q.Group, logFault(err))
		}
		if len(found) >= q.Limit || !from.After(q.Since) {
			return found, nil
		}
	}
}

// logFault is what the API's fault is to us.
func logFault(err error) error {
	if notThere(err) {
		return aegis.ErrNotFound
	}
	if _, bad := errors.AsType[*types.InvalidParameterException](err); bad {
		return aegis.Invalid("filter", "give a filter pattern of CloudWatch Logs")
	}
	return err
}

// logsBetween are the last events of a span, as far as its pages are read.
func logsBetween(ctx context.Context, client *cloudwatchlogs.Client, q aegis.LogQuery, from time.Time) ([]aegis.LogEvent, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(q.Group), StartTime: aws.Int64(from.UnixMilli()), EndTime: aws.Int64(q.Until.UnixMilli()),
	}
	if q.Filter != "" {
		input.FilterPattern = aws.String(q.Filter)
	}
	var found []aegis.LogEvent
	for range maxLogPages {
		page, err := client.FilterLogEvents(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			found = append(found, aegis.LogEvent{
				At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Stream: aws.ToString(e.LogStreamName), Message: aws.ToString(e.Message),
			})
		}
		slices.SortStableFunc(found, func(a, b aegis.LogEvent) int { return a.At.Compare(b.At) }) // streams are mixed
		found = slices.Clone(found[max(0, len(found)-q.Limit):])
		if input.NextToken = page.NextToken; aws.ToString(page.NextToken) == "" {
			break
		}
	}
	return found, nil
}

// logReaders returns clients that may read the events of one log group, and nothing
// else: what programs write is no part of what engines read.
func (c *Cloud) logReaders(ctx context.Context, region, group string) (clients, error) {
	if !logGroupForm.MatchString(group) {
		return clients{}, aegis.Invalid("log_group", fmt.Sprintf("%q is no name of a log group", group))
	}
	account, err := c.AccountID(ctx)
	if err != nil {
		return clients{}, err
	}
	arn := fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", region, account, group)
	run := aegis.StackRun{Stack: c.place(region)}
	request, err := sessionOf(run, []statement{{Effect: "Allow", Action: []string{"logs:FilterLogEvents"}, Resource: []string{arn, arn + ":*"}}})
	if err != nil {
		return clients{}, err
	}
	return c.clientsWith(ctx, region, func(ctx context.Context) (aegis.Credentials, error) { return c.assumed(ctx, run, request) })
}

// Metric are the values of a metric that there are, oldest first: periods without
// data are left out. It costs what CloudWatch takes for a metric, $0.01 for a
// thousand.
func (c *Cloud) Metric(ctx context.Context, q aegis.MetricQuery) ([]aegis.MetricPoint, error) {
	readers, err := c.readers(ctx, c.place(q.Region))
	if err != nil {
		return nil, err
	}
	input := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(q.Since), EndTime: aws.Time(q.Until), ScanBy: cloudwatchtypes.ScanByTimestampAscending,
		MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{
			Id: aws.String("asked"), MetricStat: &cloudwatchtypes.MetricStat{
				Metric: &cloudwatchtypes.Metric{Namespace: aws.String(q.Namespace), MetricName: aws.String(q.Metric), Dimensions: dimensions(q.Dimensions)},
				Period: aws.Int32(int32(min(q.Period.Seconds(), 86400))), Stat: aws.String(cmp.Or(q.Statistic, "Average")),
			},
		}},
	}
	output, err := readers.cloudwatch().GetMetricData(ctx, input) // a page has 100,800 values
	if err != nil {
		return nil, fmt.Errorf("read metric %s %s: %w", q.Namespace, q.Metric, err)
	}
	var points []aegis.MetricPoint
	for _, result := range output.MetricDataResults {
		for i := range min(len(result.Timestamps), len(result.Values)) {
			points = append(points, aegis.MetricPoint{At: result.Timestamps[i].UTC(), Value: result.Values[i]})
		}
	}
	slices.SortFunc(points, func(a, b aegis.MetricPoint) int { return a.At.Compare(b.At) })
	return points, nil
}
