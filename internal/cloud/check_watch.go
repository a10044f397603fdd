package cloud

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"

	"github.com/aegisworld/aegis"
)

// describeTrail tells logging, "true" or "false", of a trail by its ARN.
func describeTrail(ctx context.Context, c clients, id string) (map[string]string, error) {
	status, err := c.cloudtrail().GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"logging": strconv.FormatBool(aws.ToBool(status.IsLogging))}, nil
}

// describeRecorder tells recording, "true" or "false", of a recorder by name.
func describeRecorder(ctx context.Context, c clients, id string) (map[string]string, error) {
	output, err := c.config().DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{
		ConfigurationRecorderNames: []string{id},
	})
	if err != nil {
		return nil, err
	}
	if len(output.ConfigurationRecordersStatus) == 0 {
		return nil, fmt.Errorf("recorder %s: %w", id, aegis.ErrNotFound)
	}
	return map[string]string{"recording": strconv.FormatBool(output.ConfigurationRecordersStatus[0].Recording)}, nil
}

// describeDetector tells status, ENABLED or DISABLED.
func describeDetector(ctx context.Context, c clients, id string) (map[string]string, error) {
	detector, err := c.guardduty().GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String(id)})
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": string(detector.Status)}, nil
}
