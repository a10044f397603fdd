package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoresConfig(t *testing.T) {
	t.Parallel()
	faults := func(c StoresConfig) string {
		full := DefaultConfig()
		full.AWS.AccountID, full.Stores = "111122223333", c
		return full.Validate().Error()
	}
	for url, want := range map[string]string{
		"":                                 "",
		"s3://bucket":                      "",
		"s3://bucket/a/b?region=eu-west-1": "",
		"file:///var/lib/aegis/artifacts":  "",
		"s3://No_Bucket":                   "give a bucket as s3://BUCKET/PREFIX?region=REGION",
		"s3://user:pw@bucket":              "give a bucket as",
		"s3://bucket?region=mars":          "give a bucket as",
		"file://host/dir":                  "give a folder as file:///DIR",
		"file:///":                         "give a folder as file:///DIR",
		"gs://bucket":                      `"gs" is neither s3 nor file`,
		"bucket":                           `"" is neither s3 nor file`,
		"s3://%zz":                         "not a URL",
	} {
		found := faults(StoresConfig{Artifacts: ArtifactsConfig{URL: url}})
		if want == "" {
			require.NotContains(t, found, "stores.", url)
			continue
		}
		require.Contains(t, found, "stores.artifacts.url: ", url)
		require.Contains(t, found, want, url)
		require.NotContains(t, found, "pw@", url)
	}
	for arn, want := range map[string]string{
		"": "", "arn:aws:kinesis:eu-west-1:111122223333:stream/aegis-prod-events": "",
		"events": "give arn:aws:kinesis:REGION:ACCOUNT:stream/NAME",
		"arn:aws:kinesis:eu-west-1:999999999999:stream/events": "is in another account than aws.account_id",
	} {
		found := faults(StoresConfig{Events: StreamConfig{KinesisARN: arn}})
		if want == "" {
			require.NotContains(t, found, "stores.", arn)
			continue
		}
		require.Contains(t, found, "stores.events.kinesis_arn: ")
		require.Contains(t, found, want, arn)
	}
	for index, want := range map[IndexConfig]string{
		{}: "",
		{OpenSearchURL: "https://vpc-aegis-prod-logs-abc.eu-west-1.es.amazonaws.com"}:      "",
		{OpenSearchURL: "https://search.internal", Region: "eu-west-1", RetentionDays: 90}: "",
		{RetentionDays: 7}:                         "opensearch_url: missing",
		{OpenSearchURL: "https://search.internal"}: `region: "" is no AWS region`,
		{OpenSearchURL: "https://u:hunter2@search.internal", Region: "eu-west-1"}:            "has credentials in it",
		{OpenSearchURL: "http://search.internal", Region: "eu-west-1"}:                       "use https://",
		{OpenSearchURL: "https://search.internal", Region: "eu-west-1", RetentionDays: 9999}: "not between 1 and 3650",
	} {
		found := faults(StoresConfig{Telemetry: index})
		if want == "" {
			require.NotContains(t, found, "stores.", index)
			continue
		}
		require.Contains(t, found, "stores.telemetry.")
		require.Contains(t, found, want)
		require.NotContains(t, found, "hunter2")
	}
	for hot, want := range map[HotConfig]string{
		{}: "",
		{RedisURL: "rediss://aegis@redis.internal:6379/0", PasswordFile: "/etc/aegis/redis"}: "",
		{PasswordFile: "/etc/aegis/redis"}:                                                   "missing, although there is more of stores.hot",
		{RedisURL: "redis://redis.internal"}:                                                 "use rediss://",
		{RedisURL: "rediss://u:hunter2@redis"}:                                               "name a password_file",
		{RedisURL: "memcached://redis.internal"}:                                             "give rediss://",
	} {
		found := faults(StoresConfig{Hot: hot})
		require.NotContains(t, found, "hunter2")
		if want == "" {
			require.NotContains(t, found, "stores.", hot.RedisURL)
			continue
		}
		require.Contains(t, found, "stores.hot.redis_url: ")
		require.Contains(t, found, want)
	}
}
