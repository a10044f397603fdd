package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	// bootstrapRole is the role of an administrator's making with which layer
	// security is changed.
	bootstrapRole = "aegis-bootstrap"
	// sessionPolicies is the path of the managed policies that narrow sessions.
	sessionPolicies = "policy/aegis/session/*"
)

// controlPlaneBoundary declares the most that the role of the control plane's
// pods may ever do. Workloads' own boundary would let it assume no executor.
func controlPlaneBoundary(s *stack) (*iam.Policy, error) {
	text, err := append(baseIdentity(s), document{
		{
			Sid: "Stores", Effect: "Allow", Resource: []string{"*"},
			Action:    []string{"es:ESHttp*", "kinesis:PutRecords", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
			Condition: condition{"StringEquals": {"aws:ResourceAccount": s.account}},
		},
		{
			Sid: "Keys", Effect: "Allow", Resource: s.anyKeys(),
			Action: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"},
		},
	}...).json()
	if err != nil {
		return nil, err
	}
	name := boundaryName + "-" + aegis.ControlPlaneRole
	return iam.NewPolicy(s.ctx, name, &iam.PolicyArgs{
		Name:        pulumi.String(s.inAccount(name)),
		Description: pulumi.String("The most that the control plane of " + s.spec.Environment + " may do"),
		Policy:      pulumi.String(text),
	}, s.opts()...)
}

// useSessions lets the role of the control plane's pods, where there is one, be
// the base identity.
func useSessions(s *stack, role *iam.Role) error {
	if role == nil {
		return nil
	}
	text, err := baseIdentity(s).json()
	if err != nil {
		return err
	}
	name := aegis.ControlPlaneRole + "-sessions"
	_, err = iam.NewRolePolicy(s.ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String("sessions"), Role: role.Name, Policy: pulumi.String(text),
	}, s.opts()...)
	return err
}

// baseIdentity allows what makes sessions: the environment's executors of all
// regions and the bootstrap role, which decides in its trust policy whom it
// lets in, and the policies that narrow sessions.
func baseIdentity(s *stack) document {
	return document{
		{
			Sid: "Sessions", Effect: "Allow", Action: []string{"sts:AssumeRole"},
			Resource:  []string{s.iamARN("role/" + bootstrapRole), s.iamARN("role/" + s.local("*-"+executorRole))},
			Condition: condition{"StringLike": {"sts:RoleSessionName": "aegis-*"}},
		},
		{
			Sid: "Narrow", Effect: "Allow", Resource: []string{s.iamARN(sessionPolicies)},
			Action: []string{
				"iam:CreatePolicy", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicy", "iam:GetPolicyVersion",
				"iam:ListPolicyVersions", "iam:TagPolicy",
			},
		},
		{Sid: "FindUnused", Effect: "Allow", Action: []string{"iam:ListPolicies"}, Resource: []string{"*"}},
	}
}
