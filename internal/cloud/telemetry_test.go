package cloud_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	logs := cloudwatchlogs.NewFromConfig(admin(account, "eu-west-1"))
	now := time.Now().Truncate(time.Millisecond)
	for _, group := range []string{"/prod/app", "/prod/other"} {
		_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
		require.NoError(t, err)
		_, err = logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String("s")})
		require.NoError(t, err)
	}
	var events []types.InputLogEvent
	for i := range 40 {
		kind := "INFO"
		if i%10 == 0 {
			kind = "ERROR"
		}
		at := now.Add(time.Duration(i-40) * time.Minute)
		events = append(events, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(fmt.Sprintf("%s event %d", kind, i))})
	}
	_, err := logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String("/prod/app"), LogStreamName: aws.String("s"), LogEvents: events,
	})
	require.NoError(t, err)
	query := aegis.LogQuery{Region: "eu-west-1", Group: "/prod/app", Since: now.Add(-time.Hour), Until: now, Limit: 5}

	newest, err := connected.Logs(t.Context(), query)
	require.NoError(t, err)
	require.Len(t, newest, 5)
	require.Equal(t, "INFO event 35", newest[0].Message)
	require.Equal(t, aegis.LogEvent{At: now.Add(-time.Minute).UTC(), Stream: "s", Message: "INFO event 39"}, newest[4])

	query.Filter, query.Limit = "ERROR", 50
	faults, err := connected.Logs(t.Context(), query)
	require.NoError(t, err)
	require.Len(t, faults, 4)

	query.Filter, query.Group = "", "/prod/other"
	none, err := connected.Logs(t.Context(), query)
	require.NoError(t, err)
	require.Empty(t, none)
	query.Group = "/prod/gone"
	_, err = connected.Logs(t.Context(), query)
	require.ErrorIs(t, err, aegis.ErrNotFound)
	for _, name := range []string{"", "*", "/prod/*", "a b", "x\",\"y"} {
		query.Group = name
		_, err = connected.Logs(t.Context(), query)
		require.ErrorIs(t, err, aegis.ErrInvalid, name)
	}
}

func TestMetric(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	now := time.Now().Truncate(time.Minute)
	client := cloudwatch.NewFromConfig(admin(account, "eu-west-1"))
	for i := range 10 {
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("Aegis"), MetricData: []cloudwatchtypes.MetricDatum{{
				MetricName: aws.String("Load"), Value: aws.Float64(float64(i)), Timestamp: aws.Time(now.Add(time.Duration(i-10) * time.Minute)),
				Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Stack"), Value: aws.String("a")}},
			}},
		})
		require.NoError(t, err)
	}
	query := aegis.MetricQuery{
		Region: "eu-west-1", Namespace: "Aegis", Metric: "Load", Dimensions: map[string]string{"Stack": "a"}, Statistic: "Maximum", Period: time.Minute,
		Since: now.Add(-time.Hour), Until: now,
	}
	points, err := connected.Metric(t.Context(), query)
	require.NoError(t, err)
	require.Len(t, points, 10)
	require.Equal(t, aegis.MetricPoint{At: now.Add(-time.Minute).UTC(), Value: 9}, points[9])
	query.Metric = "Silence"
	points, err = connected.Metric(t.Context(), query)
	require.NoError(t, err)
	require.Empty(t, points)
}
