package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// boundary declares the most that any role of this stack may ever do,
// whatever policies are attached to it.
func boundary(s *stack) (*iam.Policy, error) {
	text, err := boundaryPolicy(s).json()
	if err != nil {
		return nil, err
	}
	return iam.NewPolicy(s.ctx, "boundary", &iam.PolicyArgs{
		Name:        pulumi.String(s.inAccount("boundary")),
		Description: pulumi.String("The most that roles of " + StackID(s.spec) + " may do"),
		Policy:      pulumi.String(text),
	}, s.opts()...)
}

// boundaryPolicy allows the estate's services in this region and IAM for the
// environment's names, and forbids every way of getting rid of the boundary.
func boundaryPolicy(s *stack) document {
	boundaryARN := s.iamARN("policy/" + s.inAccount("boundary"))
	names := s.local("*")
	return document{
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
			},
		},
		{
			Sid: "KeepBoundary", Effect: "Deny", Resource: []string{boundaryARN},
			Action: []string{"iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"},
		},
		{
			Sid: "KeepExecutor", Effect: "Deny", Resource: []string{s.iamARN("role/" + s.inAccount("executor"))},
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

// regionalActions are the actions of the estate's regional services.
func regionalActions() []string {
	verbs := map[string][]string{
		"autoscaling": {"Attach", "Cancel", "Create", "Delete", "Describe", "Detach", "Disable", "Enable", "Put", "Resume", "Set", "Start", "Suspend", "Update"},
		"cloudwatch":  {"Delete", "Describe", "Disable", "Enable", "Get", "List", "Put", "Tag", "Untag"},
		"ec2":         {"Allocate", "Associate", "Attach", "Authorize", "Create", "Delete", "Describe", "Detach", "Disassociate", "Get", "Modify", "Release", "Replace", "Revoke", "Run", "Terminate"},
		"events":      {"Delete", "Describe", "Disable", "Enable", "List", "Put", "Remove", "Tag", "Untag"},
		"kinesis":     {"Add", "Create", "Decrease", "Delete", "Describe", "Get", "Increase", "List", "Put", "Remove", "Start", "Stop", "Update"},
		"kms":         {"Cancel", "Create", "Decrypt", "Delete", "Describe", "Disable", "Enable", "Encrypt", "Generate", "Get", "List", "Put", "ReEncrypt", "Schedule", "Tag", "Untag", "Update"},
		"logs":        {"Associate", "Create", "Delete", "Describe", "Disassociate", "Get", "List", "Put", "Tag", "Untag"},
		"s3":          {"Create", "Delete", "Get", "List", "Put"},
		"sqs":         {"Change", "Create", "Delete", "Get", "List", "Receive", "Set", "Tag", "Untag"},
		"ssm":         {"Add", "Delete", "Describe", "Get", "Label", "List", "Put", "Remove"},
	}
	var actions []string
	for _, service := range sortedKeys(verbs) {
		for _, verb := range verbs[service] {
			actions = append(actions, service+":"+verb+"*")
		}
	}
	return actions
}
