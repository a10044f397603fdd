package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/aegisworld/aegis"
)

// A metric is judged by the newest average of a minute in the last five.
const (
	metricWindow        = 5 * time.Minute
	metricPeriodSeconds = 60
)

// metric fails while the comparison holds; no data is no failure.
func (c *Cloud) metric(ctx context.Context, check aegis.Check) (string, error) {
	if check.Comparison != ">" && check.Comparison != "<" {
		return "", fmt.Errorf("comparison %q is neither > nor <", check.Comparison)
	}
	readers, err := c.readers(ctx, c.place(check.Region))
	if err != nil {
		return "", err
	}
	now := c.cfg.Now()
	output, err := readers.cloudwatch().GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String(check.Namespace), MetricName: aws.String(check.Metric), Dimensions: dimensions(check.Dimensions),
		StartTime: aws.Time(now.Add(-metricWindow)), EndTime: aws.Time(now),
		Period: aws.Int32(metricPeriodSeconds), Statistics: []types.Statistic{types.StatisticAverage},
	})
	if err != nil {
		return "", fmt.Errorf("read metric %s %s: %w", check.Namespace, check.Metric, err)
	}
	if len(output.Datapoints) == 0 {
		return check.Metric + " has no data", nil
	}
	newest := slices.MaxFunc(output.Datapoints, func(a, b types.Datapoint) int {
		return aws.ToTime(a.Timestamp).Compare(aws.ToTime(b.Timestamp))
	})
	value := aws.ToFloat64(newest.Average)
	if check.Comparison == ">" && value > check.Threshold || check.Comparison == "<" && value < check.Threshold {
		return "", fmt.Errorf("%s is %g, which is %s %g", check.Metric, value, check.Comparison, check.Threshold)
	}
	return fmt.Sprintf("%s is %g", check.Metric, value), nil
}

func dimensions(values map[string]string) []types.Dimension {
	var list []types.Dimension
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, types.Dimension{Name: aws.String(name), Value: aws.String(values[name])})
	}
	return list
}
