package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// TestServicesLive takes what the sandbox itself serves through its life by
// Terraform: it is made, clean, changed (var.two), clean again, and destroyed.
func TestServicesLive(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, Region)
	bucket := "workspace-states"
	_, aws := bucketOf(t, account, bucket)
	y := newYard(t, func(c *engine.Config) { c.AWSEndpoint, c.Credentials = account.AWSEndpoint, aws.Credentials })
	files, err := filepath.Glob("testdata/services/*.tf")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			run := y.workspace(t, map[string]string{"main.tf": string(text)})
			run.Stack.Environment = "test"
			run.Policy = &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{Region}, Services: adoptedServices()}}
			y.apply(t, &run)
			still(t, y, run)
			run.Spec.Parameters = []byte(`{"two":true}`)
			plan, err := y.engines.Preview(t.Context(), run)
			require.NoError(t, err)
			require.NotEmpty(t, plan.Changes)
			_, err = y.engines.Apply(t.Context(), run, plan.Digest)
			require.NoError(t, err)
			still(t, y, run)
			run.Destroy = true
			plan, err = y.engines.Preview(t.Context(), run)
			require.NoError(t, err)
			require.NoError(t, y.engines.Destroy(t.Context(), run, plan.Digest))
		})
	}
}

func adoptedServices() []string {
	return []string{
		"access-analyzer", "acm", "cloudfront", "cloudtrail", "config", "ec2", "ecr", "eks", "elasticloadbalancing", "guardduty", "iam", "kms",
		"route53", "s3", "securityhub", "wafv2",
	}
}

// still proves that a second plan, with a refresh, has nothing to do.
func still(t *testing.T, y yard, run aegis.StackRun) {
	t.Helper()
	run.Refresh = true
	plan, err := y.engines.Preview(t.Context(), run)
	require.NoError(t, err)
	require.Empty(t, plan.Changes)
}
