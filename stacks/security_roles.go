package stacks

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// serviceEC2 is the principal of roles that instances assume.
const serviceEC2 = "ec2.amazonaws.com"

// executor declares the role with which changes are made in this region. The
// boundary is also its permissions: each session narrows them.
func executor(s *stack, boundary *iam.Policy, params aegis.SecuritySpec) error {
	trust, err := document{{
		Sid: "Autopilot", Effect: "Allow", Action: []string{"sts:AssumeRole"},
		Principal: principal{"AWS": s.iamARN("root")},
		Condition: condition{"StringLike": {"sts:RoleSessionName": "aegis-*"}},
	}}.json()
	if err != nil {
		return err
	}
	role, err := iam.NewRole(s.ctx, executorRole, &iam.RoleArgs{
		Name:                pulumi.String(s.inAccount(executorRole)),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: boundary.Arn,
		MaxSessionDuration:  pulumi.Int(params.ExecutorSessionSeconds),
	}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("executor_role_arn", role.Arn)
	text, err := boundaryPolicy(s, params.Replicated).json()
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicy(s.ctx, executorRole, &iam.RolePolicyArgs{
		Name: pulumi.String("estate"), Role: role.Name, Policy: pulumi.String(text),
	}, s.opts()...)
	return err
}

// workloadRoles declares the roles that AWS services assume, and returns them by
// name.
func workloadRoles(s *stack, boundary *iam.Policy, roles map[string]aegis.WorkloadRole) (map[string]*iam.Role, error) {
	arns, profiles, made := pulumi.StringMap{}, pulumi.StringMap{}, map[string]*iam.Role{}
	for _, name := range sortedKeys(roles) {
		limit, err := limitOf(s, boundary, name)
		if err != nil {
			return nil, err
		}
		role, err := workloadRole(s, limit, name, roles[name])
		if err != nil {
			return nil, err
		}
		arns[name], made[name] = role.Arn, role
		if roles[name].Service != serviceEC2 {
			continue
		}
		profile, err := iam.NewInstanceProfile(s.ctx, name, &iam.InstanceProfileArgs{
			Name: pulumi.String(s.inAccount(name)), Role: role.Name,
		}, s.opts()...)
		if err != nil {
			return nil, err
		}
		profiles[name] = profile.Name
	}
	s.output("workload_role_arns", arns)
	s.output("instance_profiles", profiles)
	return made, nil
}

// limitOf is a workload role's permission boundary.
func limitOf(s *stack, boundary *iam.Policy, name string) (*iam.Policy, error) {
	if name == aegis.ControlPlaneRole {
		return controlPlaneBoundary(s)
	}
	return boundary, nil
}

// workloadRole declares a role that may call its actions on the environment's
// resources in this region.
func workloadRole(s *stack, boundary *iam.Policy, name string, spec aegis.WorkloadRole) (*iam.Role, error) {
	assume := []string{"sts:AssumeRole"}
	if spec.Service == servicePods {
		assume = append(assume, "sts:TagSession") // with the pod's cluster, namespace and service account
	}
	trust, err := document{{
		Sid: "Service", Effect: "Allow", Action: assume, Principal: principal{"Service": spec.Service},
	}}.json()
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(s.ctx, name, &iam.RoleArgs{
		Name:                pulumi.String(s.inAccount(name)),
		AssumeRolePolicy:    pulumi.String(trust),
		PermissionsBoundary: boundary.Arn,
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	for _, policy := range spec.ManagedPolicies {
		if _, err := iam.NewRolePolicyAttachment(s.ctx, name+"-"+policy, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/" + policy),
		}, s.opts()...); err != nil {
			return nil, err
		}
	}
	if len(spec.Actions) == 0 {
		return role, nil
	}
	permissions, err := workloadPolicy(s, spec.Actions).json()
	if err != nil {
		return nil, err
	}
	_, err = iam.NewRolePolicy(s.ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String("workload"), Role: role.Name, Policy: pulumi.String(permissions),
	}, s.opts()...)
	return role, err
}

// workloadPolicy allows each service's actions on that service's resources of
// this environment.
func workloadPolicy(s *stack, actions []string) document {
	byService := map[string][]string{}
	for _, action := range actions {
		service, _, _ := strings.Cut(action, ":")
		byService[service] = append(byService[service], action)
	}
	var policy document
	for _, service := range sortedKeys(byService) {
		slices.Sort(byService[service])
		policy = append(policy, statement{
			Sid: strings.ToUpper(service[:1]) + service[1:], Effect: "Allow",
			Action: slices.Compact(byService[service]), Resource: workloadResources(s, service),
		})
	}
	return policy
}

// workloadResources are the resources of a service that workloads may use; a
// service that is not in the table has none. Keys: see workloadServices.
func workloadResources(s *stack, service string) []string {
	return map[string][]string{
		"backup":         {s.arn("backup", "backup-vault:"+s.local("*")), s.arn("backup", "recovery-point:*")},
		"dynamodb":       {s.arn("dynamodb", "table/"+s.local("*"))},
		"es":             {s.arn("es", "domain/"+s.local("*"))},
		"kinesis":        {s.arn("kinesis", "stream/"+s.local("*"))},
		"kms":            {s.arn("kms", "alias/"+s.local("*")), s.arn("kms", "key/*")},
		"logs":           {s.arn("logs", "log-group:"+s.path("*"))},
		"s3":             {"arn:aws:s3:::" + s.local("*")},
		"secretsmanager": {s.arn("secretsmanager", "secret:"+s.local("*"))},
		"sns":            {s.arn("sns", s.local("*"))},
		"sqs":            {s.arn("sqs", s.local("*"))},
		"ssm":            {s.arn("ssm", "parameter"+s.path("*"))},
	}[service]
}

// workloadServices are the services whose actions a workload role may have.
func workloadServices() []string {
	return []string{"backup", "dynamodb", "es", "kinesis", "kms", "logs", "s3", "secretsmanager", "sns", "sqs", "ssm"}
}
