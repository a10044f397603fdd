package cloud

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// globalRegion is where AWS's global services say they are.
const globalRegion = "us-east-1"

// sessionPolicyPath is the path of managed session policies.
const sessionPolicyPath = "/aegis/session/"

var (
	serviceForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	// Names that stand in a policy for themselves: no wildcard, no variable.
	bucketForm = regexp.MustCompile(`^[a-z0-9.-]{3,63}$`)
	keyForm    = regexp.MustCompile(`^[A-Za-z0-9!_.'():/=@+-]{1,900}$`)
	tableForm  = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
)

// sessionStatements are the most that the session of a run may do: read what
// engines read, in the run's regions, and change what run.Policy allows. The
// role's own policies and boundary narrow it further.
func sessionStatements(run aegis.StackRun, estate []string) ([]statement, error) {
	regions, err := scopeRegions(run, estate)
	if err != nil {
		return nil, err
	}
	statements := []statement{{
		Effect: "Allow", Action: readActions(), Resource: []string{"*"}, Condition: inRegions(append(slices.Clone(regions), globalRegion)),
	}}
	if run.Stack.Adopted() {
		statements = adoptedStatements(run, estate) // a plan reads the whole workspace, wherever the change is
	}
	statements = append(statements, stateStatements(run)...)
	if run.Policy == nil {
		return statements, nil
	}
	if err := properServices(run.Policy.NetworkScope.Services); err != nil {
		return nil, err
	}
	return append(statements, writeStatements(run, regions, estate)...), nil
}

// properServices refuses what is no service's prefix: "*", "i*m" and "IAM"
// would get past what is said of IAM.
func properServices(services []string) error {
	for i, service := range services {
		if !serviceForm.MatchString(service) {
			return aegis.Invalid(fmt.Sprintf("execution_policy.network_scope.services[%d]", i),
				fmt.Sprintf("%q is no IAM prefix of a service, such as \"ec2\"", service))
		}
	}
	return nil
}

// scopeRegions are the regions of the run: a stack's own, a workspace's all.
// It is an error when the policy does not allow them.
func scopeRegions(run aegis.StackRun, estate []string) ([]string, error) {
	wanted := []string{run.Stack.Region}
	if run.Stack.Adopted() {
		wanted = estate
	}
	if run.Policy == nil || len(run.Policy.NetworkScope.Regions) == 0 {
		return wanted, nil
	}
	var allowed []string
	for _, region := range wanted {
		if slices.Contains(run.Policy.NetworkScope.Regions, region) {
			allowed = append(allowed, region)
		}
	}
	if len(allowed) == 0 {
		return nil, fmt.Errorf("the execution policy allows %s, not %s: %w",
			strings.Join(run.Policy.NetworkScope.Regions, ", "), strings.Join(wanted, ", "), aegis.ErrForbidden)
	}
	return allowed, nil
}

// writeStatements allow the policy's services. IAM and Route 53 have no
// region; IAM is bound to the environment's names instead.
func writeStatements(run aegis.StackRun, regions, estate []string) []statement {
	services := run.Policy.NetworkScope.Services
	if len(services) == 0 {
		services = layerServices(run.Stack)
	}
	var regional, global []string
	var statements []statement
	for _, service := range slices.Compact(slices.Sorted(slices.Values(services))) {
		switch service {
		case "iam":
			statements = append(statements, iamStatements(run.Stack)...)
		case "sts":
		case "route53", "cloudfront", "globalaccelerator":
			global = append(global, service+":*")
		default:
			regional = append(regional, service+":*")
		}
	}
	if len(global) > 0 {
		statements = append(statements, statement{Effect: "Allow", Action: global, Resource: []string{"*"}})
	}
	if len(regional) > 0 {
		statements = append(statements, statement{
			Effect: "Allow", Action: regional, Resource: []string{"*"}, Condition: inRegions(regions),
		})
	}
	if slices.Contains(services, "kms") {
		statements = append(statements, replicaStatements(run.Stack, estate)...)
	}
	if !run.Policy.DataScope.Secrets && !run.Stack.Adopted() {
		statements = append(statements, statement{
			Effect: "Deny", Action: []string{"secretsmanager:GetSecretValue", "kms:Decrypt"}, Resource: []string{"*"},
		})
	}
	return statements
}

// replicaStatements allow what copies in other regions need: layer security makes
// its region's replica of a key, and layer data has Secrets Manager use the keys
// of the regions that get copies of a secret.
func replicaStatements(stack aegis.Stack, estate []string) []statement {
	if stack.Adopted() {
		return nil
	}
	switch stack.Layer {
	case aegis.LayerSecurity:
		return []statement{{
			Effect: "Allow", Action: []string{"kms:ReplicateKey"}, Resource: []string{"arn:aws:kms:*:*:key/mrk-*"},
			Condition: map[string]any{"StringEquals": map[string]any{"kms:ReplicaRegion": []string{stack.Region}}},
		}}
	case aegis.LayerData:
		var by []string
		for _, region := range estate {
			by = append(by, "secretsmanager."+region+".amazonaws.com")
		}
		if len(by) == 0 {
			return nil
		}
		return []statement{{
			Effect: "Allow", Action: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}, Resource: []string{"*"},
			Condition: map[string]any{"StringEquals": map[string]any{"kms:ViaService": by}},
		}}
	}
	return nil
}

// iamStatements allow IAM for the environment's names. A workspace's names
// are not ours to know, but what narrows sessions is no workspace's.
func iamStatements(stack aegis.Stack) []statement {
	if stack.Adopted() {
		return []statement{
			{Effect: "Allow", Action: []string{"iam:*"}, Resource: []string{"*"}},
			{
				Effect: "Deny", Resource: []string{"arn:aws:iam::*:policy" + sessionPolicyPath + "*"},
				Action: []string{"iam:CreatePolicy*", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion", "iam:TagPolicy", "iam:UntagPolicy"},
			},
		}
	}
	names := "aegis-" + stack.Environment + "-*"
	return []statement{{Effect: "Allow", Action: []string{"iam:*"}, Resource: []string{
		"arn:aws:iam::*:instance-profile/" + names,
		"arn:aws:iam::*:policy/" + names,
		"arn:aws:iam::*:role/" + names,
		"arn:aws:iam::*:role/aws-service-role/*",
	}}}
}

func inRegions(regions []string) map[string]any {
	return map[string]any{"StringEquals": map[string]any{
		"aws:RequestedRegion": slices.Compact(slices.Sorted(slices.Values(regions))),
	}}
}

// layerServices are the services that a stack's layer consists of; what a
// workspace consists of is not ours to know.
func layerServices(stack aegis.Stack) []string {
	if stack.Adopted() {
		return nil
	}
	return map[string][]string{
		aegis.LayerNetwork:  {"ec2", "iam", "logs"},
		aegis.LayerSecurity: {"access-analyzer", "cloudtrail", "config", "events", "guardduty", "iam", "kms", "s3", "securityhub", "sqs", "wafv2"},
		aegis.LayerData:     {"backup", "dynamodb", "ec2", "elasticache", "es", "iam", "kinesis", "kms", "logs", "rds", "s3", "secretsmanager", "ssm"},
		aegis.LayerRuntime:  {"autoscaling", "ec2", "ecr", "eks", "elasticloadbalancing", "iam", "kms", "route53", "wafv2"},
		aegis.LayerEdge:     {"acm", "cloudfront", "cloudwatch", "ec2", "iam", "route53", "s3", "wafv2"},
	}[stack.Layer]
}

// readActions are what engines call to see what is there. They read no objects,
// records or messages.
func readActions() []string {
	return []string{
		"access-analyzer:Get*", "access-analyzer:List*",
		"acm:Describe*", "acm:List*",
		"autoscaling:Describe*",
		"backup:Describe*", "backup:Get*", "backup:List*",
		"cloudfront:Get*", "cloudfront:List*",
		"cloudtrail:Describe*", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:GetTrail*", "cloudtrail:List*",
		"cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*",
		"config:Describe*", "config:List*",
		"dynamodb:Describe*", "dynamodb:ListTagsOfResource",
		"ec2:Describe*", "ec2:Get*",
		"ecr:Describe*", "ecr:GetLifecyclePolicy", "ecr:GetRegistry*", "ecr:GetRepositoryPolicy", "ecr:List*", "eks:Describe*", "eks:List*",
		"elasticache:Describe*", "elasticache:List*",
		"elasticloadbalancing:Describe*",
		"es:Describe*", "es:GetCompatibleVersions", "es:GetUpgradeStatus", "es:List*",
		"events:Describe*", "events:List*",
		"guardduty:Get*", "guardduty:List*",
		"iam:Get*", "iam:List*",
		"kinesis:Describe*", "kinesis:List*",
		"kms:Describe*", "kms:Get*", "kms:List*",
		"logs:Describe*", "logs:List*",
		"rds:Describe*", "rds:ListTagsForResource",
		"route53:Get*", "route53:List*",
		"s3:Get*Configuration", "s3:GetBucket*", "s3:List*",
		"securityhub:Describe*", "securityhub:GetEnabledStandards", "securityhub:List*",
		"secretsmanager:Describe*", "secretsmanager:GetResourcePolicy",
		"sns:Get*", "sns:List*",
		"sqs:Get*", "sqs:List*",
		"ssm:Describe*", "ssm:Get*", "ssm:List*",
		"wafv2:Get*", "wafv2:List*",
	}
}
