package stacks_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

func TestOneTrailRecordsAllRegions(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		spec := specOf(t, aegis.LayerSecurity, watched)
		spec.Region = region
		trails := 0
		for _, one := range declare(t, spec) {
			switch name, _ := stacks.TerraformType(one.token); name {
			case "aws_cloudtrail":
				trails++
				for _, setting := range []string{"isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "enableLogging"} {
					require.Equal(t, true, one.inputs.Mappable()[setting], setting)
				}
				require.NotEmpty(t, one.inputs["kmsKeyId"].StringValue())
			case "aws_config_configuration_recorder":
				group := one.inputs["recordingGroup"].ObjectValue()
				require.Equal(t, region == "us-east-1", group["includeGlobalResourceTypes"].BoolValue(), "once in the estate")
			}
		}
		require.Equal(t, region == "us-east-1", trails == 1, region)
	}
}

func TestNobodyDeletesAuditFiles(t *testing.T) {
	t.Parallel()
	all := declare(t, specOf(t, aegis.LayerSecurity, watched))
	var policy struct {
		Statement []struct {
			Sid, Effect string
			Principal   any
			Action      []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(of(t, all, "aws_s3_bucket_policy")[0].inputs["policy"].StringValue()), &policy))
	denied := map[string]any{}
	for _, one := range policy.Statement {
		if one.Effect == "Deny" {
			for _, action := range one.Action {
				denied[action] = one.Principal
			}
		}
	}
	require.Equal(t, map[string]any{"s3:*": "*", "s3:DeleteObject": "*", "s3:DeleteObjectVersion": "*"}, denied)
}

func TestNothingWatchesUnasked(t *testing.T) {
	t.Parallel()
	for _, one := range declare(t, specOf(t, aegis.LayerSecurity, `{}`)) {
		name, _ := stacks.TerraformType(one.token)
		require.NotContains(t, []string{"aws_cloudtrail", "aws_s3_bucket", "aws_guardduty_detector", "aws_securityhub_account", "aws_wafv2_web_acl"}, name)
	}
}
