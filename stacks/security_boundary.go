package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	// boundaryName is the name of the permission boundary, and how that of any other
	// begins.
	boundaryName = "boundary"
	// executorRole is the name of the role with which changes are made.
	executorRole = "executor"
)

// boundary declares the most that any role of this stack may ever do,
// whatever policies are attached to it.
func boundary(s *stack, replicated bool) (*iam.Policy, error) {
	text, err := boundaryPolicy(s, replicated).json()
	if err != nil {
		return nil, err
	}
	return iam.NewPolicy(s.ctx, boundaryName, &iam.PolicyArgs{
		Name:        pulumi.String(s.inAccount(boundaryName)),
		Description: pulumi.String("The most that roles of " + StackID(s.spec) + " may do"),
		Policy:      pulumi.String(text),
	}, s.opts()...)
}

// boundaryPolicy allows the estate's services in this region and IAM for the
// environment's names, what replication needs in others, and forbids every way
// of getting rid of a boundary, and of being the control plane.
func boundaryPolicy(s *stack, replicated bool) document {
	boundaryARN := s.iamARN("policy/" + s.inAccount(boundaryName))
	names := s.local("*")
	policy := document{
		{
			Sid: "Region", Effect: "Allow", Action: regionalActions(), Resource: []string{"*"},
			Condition: condition{"StringEquals": {"aws:RequestedRegion": s.spec.Region}},
		},
		{
			Sid: "Global", Effect: "Allow", Resource: []string{"*"},
			Action: []string{
				"iam:Get*", "iam:List*",
				"route53:Change*", "route53:Create*", "route53:Delete*", "route53:Get*", "route53:List*", "route53:Update*",
			},
		},
		{
			Sid: "Roles", Effect: "Allow", Action: roleActions(),
			Resource: []string{
				s.iamARN("instance-profile/" + names),
				s.iamARN("policy/" + names),
				s.iamARN("role/" + names),
				s.iamARN("role/aws-service-role/autoscaling.amazonaws.com/*"),
				s.iamARN("role/aws-service-role/eks*"),
				s.iamARN("role/aws-service-role/elasticache.amazonaws.com/*"),
				s.iamARN("role/aws-service-role/elasticloadbalancing.amazonaws.com/*"),
				s.iamARN("role/aws-service-role/opensearchservice.amazonaws.com/*"),
				s.iamARN("role/aws-service-role/replication.ecr.amazonaws.com/*"),
				s.iamARN("role/aws-service-role/rds.amazonaws.com/*"),
			},
		},
		{
			Sid: "KeepBoundary", Effect: "Deny", Resource: []string{boundaryARN + "*"},
			Action: []string{"iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"},
		},
		{
			Sid: "KeepRoles", Effect: "Deny",
			Resource: []string{s.iamARN("role/" + s.inAccount(aegis.ControlPlaneRole)), s.iamARN("role/" + s.inAccount(executorRole))},
			Action: []string{
				"iam:AttachRolePolicy", "iam:DeleteRole", "iam:DetachRolePolicy", "iam:PutRolePolicy",
				"iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
			},
		},
		{
			Sid: "KeepBounded", Effect: "Deny", Resource: []string{"*"},
			Action: []string{"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"},
		},
		{
			Sid: "RequireBoundary", Effect: "Deny", Resource: []string{"*"},
			Action:    []string{"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"},
			Condition: condition{"StringNotEquals": {"iam:PermissionsBoundary": boundaryARN}},
		},
	}
	if replicated {
		policy = append(policy, replicationBoundary(s)...)
	}
	return policy
}

// roleActions manage roles, policies and instance profiles.
func roleActions() []string {
	return []string{
		"iam:AddRoleToInstanceProfile", "iam:AttachRolePolicy", "iam:Create*", "iam:DeleteInstanceProfile",
		"iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
		"iam:PassRole", "iam:PutRolePolicy", "iam:RemoveRoleFromInstanceProfile", "iam:SetDefaultPolicyVersion",
		"iam:Tag*", "iam:Untag*", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	}
}

// regionalActions are the actions of the estate's regional services, by how they
// begin, as short as it means the same: De is Delete, Deregister, Describe and
// Detach, D also Disable and Disassociate; St is Start and Stop, U is Untag, Update
// and Upgrade. IAM takes 6144 characters.
func regionalActions() []string {
	verbs := map[string][]string{
		"access-analyzer":      {"Get", "List"},
		"acm":                  {"Add", "De", "Get", "List", "Re"},
		"autoscaling":          {"Attach", "C", "D", "E", "Put", "R", "S", "Update"},
		"backup":               {"Create", "De", "Get", "List", "Put", "St", "Tag", "U"},
		"cloudfront":           {"Create", "Delete", "Get", "List", "Tag", "U"},
		"cloudtrail":           {"Describe", "GetEvent", "GetInsight", "GetTrail", "List"},
		"cloudwatch":           {"D", "Enable", "Get", "List", "Put", "Tag", "Untag"},
		"config":               {"Describe", "List"},
		"dynamodb":             {"Batch", "Create", "De", "Get", "List", "Put", "Query", "Restore", "Scan", "Start", "Tag", "U"},
		"ec2":                  {"A", "Create", "D", "Get", "Modify", "Re", "Run", "Terminate", "UnassignPrivate"},
		"ecr":                  {"Batch", "Create", "De", "Get", "List", "Put", "Tag", "Untag"},
		"eks":                  {"Associate", "Create", "D", "List", "Tag", "U"},
		"eks-auth":             {"AssumeRoleForPodIdentity"},
		"elasticache":          {"Add", "Create", "De", "Increase", "List", "Modify", "Re"},
		"elasticloadbalancing": {"Add", "Create", "De", "Modify", "Re", "Set"},
		"es":                   {"Add", "Create", "De", "ESHttp", "Get", "List", "Remove", "U"},
		"events":               {"D", "Enable", "List", "Put", "Remove", "Tag", "Untag"},
		"guardduty":            {"Get", "List"},
		"kinesis":              {"Add", "Create", "De", "Get", "Increase", "List", "Put", "Remove", "St", "Update"},
		"kms":                  {"Cancel", "Create", "D", "E", "Ge", "List", "Put", "ReEncrypt", "Schedule", "Tag", "U"},
		"logs":                 {"Associate", "Create", "D", "FilterLog", "Get", "List", "Put", "Tag", "Untag"},
		"rds":                  {"Add", "Create", "De", "Failover", "List", "Modify", "Promote", "Re", "Switchover"},
		"s3":                   {"Create", "Delete", "Get", "List", "Put"},
		"secretsmanager":       {"Create", "De", "Get", "List", "Put", "R", "Stop", "Tag", "U"},
		"securityhub":          {"Describe", "GetEnabled", "List"},
		"sqs":                  {"Change", "Create", "Delete", "Get", "List", "Receive", "Set", "Tag", "Untag"},
		"ssm":                  {"Add", "De", "Get", "Label", "List", "Put", "Remove"},
		"wafv2":                {"Associate", "Create", "D", "Get", "List", "Tag", "U"},
	}
	var actions []string
	for _, service := range sortedKeys(verbs) {
		for _, verb := range verbs[service] {
			actions = append(actions, service+":"+verb+"*")
		}
	}
	return actions
}
