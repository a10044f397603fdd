package stacks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/stacks"
)

// connect is the adapter to the account, with the autopilot's keys.
func (a *account) connect(t *testing.T) *cloud.Cloud {
	t.Helper()
	connected, err := cloud.New(t.Context(), cloud.Config{
		Endpoint: a.AWSEndpoint, Regions: a.Regions, AccountID: sandbox.AccountID, Environment: "dev",
		BaseAccessKeyID: a.AutopilotAccessKeyID, BaseSecretAccessKey: a.AutopilotSecretAccessKey,
	})
	require.NoError(t, err)
	return connected
}

// resourcesOf are the resources in a stack's state.
func resourcesOf(ctx context.Context, stack auto.Stack) ([]apitype.ResourceV3, error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	var deployment apitype.DeploymentV3
	err = json.Unmarshal(exported.Deployment, &deployment)
	return deployment.Resources, err
}

// checkAdapter says whether the adapter finds, prices and judges what a stack
// consists of.
func checkAdapter(ctx context.Context, connected *cloud.Cloud, prices *pricing.Table, stack auto.Stack) error {
	resources, err := resourcesOf(ctx, stack)
	if err != nil {
		return err
	}
	name, err := aegis.ParseStackID(stack.Name())
	if err != nil {
		return err
	}
	var faults []error
	for _, one := range resources {
		terraformType, managed := stacks.TerraformType(string(one.Type))
		if !managed {
			continue
		}
		lookup := aegis.Lookup{
			StackID: stack.Name(), Type: terraformType, Region: name.Region,
			Address: stacks.Address(terraformType, one.URN.Name()), Inputs: snakeCase(one.Inputs),
		}
		faults = append(faults, findSame(ctx, connected, lookup, one))
		if _, known := prices.Monthly(terraformType, lookup.Region, lookup.Inputs); !known {
			faults = append(faults, fmt.Errorf("no price of %s", lookup.Address))
		}
	}
	return errors.Join(append(faults, judge(ctx, connected, stack))...)
}

// findSame looks for a resource, and for the same one of another stack.
func findSame(ctx context.Context, connected *cloud.Cloud, lookup aegis.Lookup, one apitype.ResourceV3) error {
	want := importID(lookup, one)
	id, found, err := connected.Find(ctx, lookup)
	if err != nil || id != want || found != (want != "") {
		return fmt.Errorf("found %q (%v) for %s, want %q: %w", id, found, lookup.Address, want, err)
	}
	if _, tagged := one.Inputs["tags"]; !tagged || lookup.Type == "aws_cloudwatch_log_group" {
		return nil
	}
	lookup.StackID = "dev.other.eu-west-1"
	if id, found, err = connected.Find(ctx, lookup); err != nil || found {
		return fmt.Errorf("found %q for %s of another stack: %w", id, lookup.Address, err)
	}
	return nil
}

// importID is a resource's id in the provider's import format, or "" for
// types whose creation overwrites.
func importID(lookup aegis.Lookup, one apitype.ResourceV3) string {
	in := func(name string) string { return fmt.Sprint(lookup.Inputs[name]) }
	switch lookup.Type {
	case "aws_acm_certificate_validation", "aws_config_configuration_recorder", "aws_config_configuration_recorder_status", "aws_config_delivery_channel",
		"aws_ecr_lifecycle_policy", "aws_ecr_replication_configuration", "aws_eks_access_policy_association", "aws_wafv2_web_acl_association",
		"aws_iam_role_policy_attachment", "aws_securityhub_standards_subscription",
		"aws_autoscaling_policy", "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_default_security_group", "aws_iam_role_policy", "aws_s3_bucket_policy",
		"aws_s3_bucket_object_lock_configuration", "aws_s3_bucket_public_access_block", "aws_s3_bucket_replication_configuration", "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning":
		return ""
	case "aws_backup_selection":
		return in("plan_id") + "|" + string(one.ID)
	case "aws_eks_pod_identity_association":
		return in("cluster_name") + "," + string(one.ID)
	case "aws_kinesis_stream":
		return in("name")
	case "aws_opensearch_domain":
		return in("domain_name")
	case "aws_wafv2_web_acl":
		return string(one.ID) + "/" + in("name") + "/" + in("scope")
	case "aws_route":
		return in("route_table_id") + "_" + in("destination_cidr_block")
	case "aws_route_table_association":
		return in("subnet_id") + "/" + in("route_table_id")
	default:
		return string(one.ID)
	}
}

// snakeCase names inputs as Terraform does.
func snakeCase(inputs map[string]any) map[string]any {
	named := map[string]any{}
	for name, value := range inputs {
		var snake strings.Builder
		for _, r := range name {
			if unicode.IsUpper(r) {
				snake.WriteByte('_')
			}
			snake.WriteRune(unicode.ToLower(r))
		}
		named[snake.String()] = value
	}
	return named
}

// judge runs the stack's own checks.
func judge(ctx context.Context, connected *cloud.Cloud, stack auto.Stack) error {
	outputs, err := stack.Outputs(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(outputs["checks"].Value)
	if err != nil {
		return err
	}
	var checks []aegis.Check
	if err := json.Unmarshal(text, &checks); err != nil {
		return err
	}
	for _, result := range connected.Check(ctx, checks) {
		if !result.Passed {
			return fmt.Errorf("check %s of stack %s: %s", result.Name, stack.Name(), result.Message)
		}
	}
	return nil
}
