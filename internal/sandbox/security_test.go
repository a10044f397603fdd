package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

const bestPractices = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"

// What watches an account: each service does as its SDK expects, and is as it
// was after a restart.
func TestSecurityServices(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	cfg := adminConfig(account, "us-east-1")
	analyzers(t, cfg)
	securityHub(t, cfg)
	trails(t, cfg)
	recorders(t, cfg)
	names := recorded(t, account)
	for _, name := range []string{"CreateAnalyzer", "EnableSecurityHub", "BatchEnableStandards", "StartLogging", "PutConfigurationRecorder"} {
		require.Contains(t, names, name)
	}
	before, err := accessanalyzer.NewFromConfig(cfg).GetAnalyzer(t.Context(), &accessanalyzer.GetAnalyzerInput{AnalyzerName: aws.String("kept")})
	require.NoError(t, err)
	stop()
	account, stop = runAccount(t, opts)
	defer stop()
	require.Equal(t, front.Replayed, account.Continuity, account.ContinuityReason)
	after, err := accessanalyzer.NewFromConfig(cfg).GetAnalyzer(t.Context(), &accessanalyzer.GetAnalyzerInput{AnalyzerName: aws.String("kept")})
	require.NoError(t, err)
	require.Equal(t, before.Analyzer.CreatedAt, after.Analyzer.CreatedAt)
	require.Equal(t, before.Analyzer.Tags, after.Analyzer.Tags)
	hub, err := securityhub.NewFromConfig(cfg).DescribeHub(t.Context(), nil)
	require.NoError(t, err)
	require.False(t, *hub.AutoEnableControls)
	status, err := cloudtrail.NewFromConfig(cfg).GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String("all")})
	require.NoError(t, err)
	require.True(t, *status.IsLogging)
}

// recorded are the names of the calls that the account has recorded.
func recorded(t *testing.T, account *sandbox.Account) []string {
	t.Helper()
	var names []string
	for _, e := range trail(t, account, 0) {
		names = append(names, fmt.Sprint(e["eventName"]))
	}
	return names
}

func analyzers(t *testing.T, cfg aws.Config) {
	t.Helper()
	client := accessanalyzer.NewFromConfig(cfg)
	in := &accessanalyzer.CreateAnalyzerInput{AnalyzerName: aws.String("kept"), Type: analyzertypes.TypeAccount, Tags: map[string]string{"a": "1"}}
	made, err := client.CreateAnalyzer(t.Context(), in)
	require.NoError(t, err)
	_, err = client.CreateAnalyzer(t.Context(), in)
	requireCode(t, err, "ConflictException")
	_, err = client.CreateAnalyzer(t.Context(), &accessanalyzer.CreateAnalyzerInput{AnalyzerName: aws.String("org"), Type: analyzertypes.TypeOrganization})
	requireCode(t, err, "ValidationException")
	_, err = client.TagResource(t.Context(), &accessanalyzer.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{"b": "2", "c": "3"}})
	require.NoError(t, err)
	_, err = client.UntagResource(t.Context(), &accessanalyzer.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{"a", "c"}})
	require.NoError(t, err)
	got := &accessanalyzer.GetAnalyzerInput{AnalyzerName: aws.String("kept")}
	require.Eventually(t, func() bool {
		seen, err := client.GetAnalyzer(t.Context(), got)
		return err == nil && seen.Analyzer.Status == analyzertypes.AnalyzerStatusActive
	}, startPatience, pollPause)
	seen, err := client.GetAnalyzer(t.Context(), got)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "2"}, seen.Analyzer.Tags)
	in.AnalyzerName = aws.String("other")
	_, err = client.CreateAnalyzer(t.Context(), in)
	require.NoError(t, err)
	listed, err := client.ListAnalyzers(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, listed.Analyzers, 2)
	_, err = client.DeleteAnalyzer(t.Context(), &accessanalyzer.DeleteAnalyzerInput{AnalyzerName: aws.String("other")})
	require.NoError(t, err)
	_, err = client.DeleteAnalyzer(t.Context(), &accessanalyzer.DeleteAnalyzerInput{AnalyzerName: aws.String("other")})
	requireCode(t, err, "ResourceNotFoundException")
}

func securityHub(t *testing.T, cfg aws.Config) {
	t.Helper()
	client := securityhub.NewFromConfig(cfg)
	_, err := client.DescribeHub(t.Context(), nil)
	requireCode(t, err, "InvalidAccessException")
	_, err = client.EnableSecurityHub(t.Context(), &securityhub.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false), Tags: map[string]string{"a": "1"}})
	require.NoError(t, err)
	_, err = client.EnableSecurityHub(t.Context(), nil)
	requireCode(t, err, "ResourceConflictException")
	_, err = client.UpdateSecurityHubConfiguration(t.Context(), &securityhub.UpdateSecurityHubConfigurationInput{AutoEnableControls: aws.Bool(false)})
	require.NoError(t, err)
	enable := func(arn string) (*securityhub.BatchEnableStandardsOutput, error) {
		return client.BatchEnableStandards(t.Context(), &securityhub.BatchEnableStandardsInput{
			StandardsSubscriptionRequests: []hubtypes.StandardsSubscriptionRequest{{StandardsArn: &arn}},
		})
	}
	_, err = enable("arn:aws:securityhub:us-east-1::standards/none")
	requireCode(t, err, "InvalidInputException")
	made, err := enable(bestPractices)
	require.NoError(t, err)
	arns := []string{*made.StandardsSubscriptions[0].StandardsSubscriptionArn}
	status := func() hubtypes.StandardsStatus {
		seen, err := client.GetEnabledStandards(t.Context(), &securityhub.GetEnabledStandardsInput{StandardsSubscriptionArns: arns})
		require.NoError(t, err)
		if len(seen.StandardsSubscriptions) == 0 {
			return ""
		}
		return seen.StandardsSubscriptions[0].StandardsStatus
	}
	require.Eventually(t, func() bool { return status() == hubtypes.StandardsStatusReady }, startPatience, pollPause)
	_, err = client.BatchDisableStandards(t.Context(), &securityhub.BatchDisableStandardsInput{StandardsSubscriptionArns: arns})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return status() == "" }, startPatience, pollPause)
}

func trails(t *testing.T, cfg aws.Config) {
	t.Helper()
	_, err := s3.NewFromConfig(cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("trail")})
	require.NoError(t, err)
	client := cloudtrail.NewFromConfig(cfg)
	made, err := client.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("all"), S3BucketName: aws.String("trail")})
	require.NoError(t, err)
	_, err = client.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: made.TrailARN})
	require.NoError(t, err)
	_, err = client.UpdateTrail(t.Context(), &cloudtrail.UpdateTrailInput{Name: made.TrailARN, EnableLogFileValidation: aws.Bool(true)})
	require.NoError(t, err)
	seen, err := client.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: made.TrailARN})
	require.NoError(t, err)
	require.True(t, *seen.Trail.LogFileValidationEnabled)
}

func recorders(t *testing.T, cfg aws.Config) {
	t.Helper()
	client := configservice.NewFromConfig(cfg)
	_, err := client.PutConfigurationRecorder(t.Context(), &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &configtypes.ConfigurationRecorder{
			Name: aws.String("all"), RoleARN: aws.String("arn:aws:iam::123456789012:role/x"),
			RecordingGroup: &configtypes.RecordingGroup{
				AllSupported: true, ExclusionByResourceTypes: &configtypes.ExclusionByResourceTypes{},
				RecordingStrategy: &configtypes.RecordingStrategy{UseOnly: configtypes.RecordingStrategyTypeAllSupportedResourceTypes},
			},
		},
	})
	require.NoError(t, err)
}
