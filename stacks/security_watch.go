package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/accessanalyzer"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/guardduty"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/securityhub"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// watch declares what watches the account and the region, as far as the spec
// asks for it.
func watch(s *stack, params aegis.SecuritySpec, boundary *iam.Policy) error {
	var recorded []pulumi.Resource
	var err error
	if trailed(s, params) || params.Recorder != nil {
		if recorded, err = audit(s, params, boundary); err != nil {
			return err
		}
	}
	if params.ThreatDetection != nil {
		if err := detector(s, *params.ThreatDetection); err != nil {
			return err
		}
	}
	if params.SecurityHub != nil {
		if err := hub(s, *params.SecurityHub, recorded); err != nil {
			return err
		}
	}
	if params.AccessAnalyzer {
		if _, err := accessanalyzer.NewAnalyzer(s.ctx, "account", &accessanalyzer.AnalyzerArgs{
			AnalyzerName: pulumi.String(s.local("account")), Type: pulumi.String("ACCOUNT"),
		}, s.opts()...); err != nil {
			return err
		}
	}
	if params.WebACL != nil {
		acl, err := webACL(s, "regional", "REGIONAL", *params.WebACL)
		if err != nil {
			return err
		}
		s.output("web_acl_arn", acl.Arn)
	}
	return nil
}

// detector declares GuardDuty.
func detector(s *stack, spec aegis.ThreatDetectionSpec) error {
	detector, err := guardduty.NewDetector(s.ctx, "main", &guardduty.DetectorArgs{
		Enable:                     pulumi.Bool(true),
		FindingPublishingFrequency: pulumi.String(map[int]string{15: "FIFTEEN_MINUTES", 60: "ONE_HOUR", 360: "SIX_HOURS"}[spec.FindingMinutes]),
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("detector_id", detector.ID())
	s.check("threat detection enabled", "aws_guardduty_detector", detector.ID(), map[string]string{"status": "ENABLED"})
	return nil
}

// hub declares Security Hub and its standards, after the recorder whose records
// they judge.
func hub(s *stack, spec aegis.SecurityHubSpec, recorded []pulumi.Resource) error {
	hub, err := securityhub.NewAccount(s.ctx, "main", &securityhub.AccountArgs{
		AutoEnableControls: pulumi.Bool(spec.AutoEnableControls), EnableDefaultStandards: pulumi.Bool(false),
		ControlFindingGenerator: pulumi.String("SECURITY_CONTROL"),
	}, s.opts(pulumi.DependsOn(recorded))...)
	if err != nil {
		return err
	}
	for _, standard := range spec.Standards {
		name, version, _ := strings.Cut(standard, "/")
		if _, err := securityhub.NewStandardsSubscription(s.ctx, name+"-"+version, &securityhub.StandardsSubscriptionArgs{
			StandardsArn: pulumi.String("arn:aws:securityhub:" + s.spec.Region + "::standards/" + name + "/v/" + version),
		}, s.opts(pulumi.DependsOn([]pulumi.Resource{hub}))...); err != nil {
			return err
		}
	}
	return nil
}
