package stacks_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// aegisRole is the ARN of a role of the test's environment and region.
func aegisRole(name string) string {
	return "arn:aws:iam::" + sandbox.AccountID + ":role/aegis-dev-us-east-1-" + name
}

// TestControlPlaneIsABaseIdentity has the role of the control plane's pods make
// sessions, and nothing wider.
func TestControlPlaneIsABaseIdentity(t *testing.T) {
	t.Parallel()
	admin := withIdentities(t)

	plane := sessionOf(t, admin, aegisRole(aegis.ControlPlaneRole))
	sessionOf(t, plane, aegisRole("executor"))
	narrow := iam.CreatePolicyInput{PolicyName: aws.String("aegis-dev-session-1"), Path: aws.String("/aegis/session/"), PolicyDocument: aws.String(everything)}
	_, err := iam.NewFromConfig(plane).CreatePolicy(t.Context(), &narrow)
	require.NoError(t, err)

	sessionOf(t, plane, "arn:aws:iam::"+sandbox.AccountID+":role/aegis-bootstrap")
	_, err = assumeRole(t, plane, "arn:aws:iam::"+sandbox.AccountID+":role/others")
	require.ErrorContains(t, err, "AccessDenied")
	_, err = assumeRole(t, plane, "arn:aws:iam::"+sandbox.AccountID+":role/aegis-prod-us-east-1-executor")
	require.ErrorContains(t, err, "AccessDenied")
	wide := iam.CreatePolicyInput{PolicyName: aws.String("wide"), PolicyDocument: aws.String(everything)}
	_, err = iam.NewFromConfig(plane).CreatePolicy(t.Context(), &wide)
	require.ErrorContains(t, err, "AccessDenied")
}

// TestExecutorCannotBecomeTheControlPlane has the region's executor try every way
// to widen or take over that role.
func TestExecutorCannotBecomeTheControlPlane(t *testing.T) {
	t.Parallel()
	admin := withIdentities(t)
	executor := iam.NewFromConfig(sessionOf(t, admin, aegisRole("executor")))
	name := aws.String("aegis-dev-us-east-1-" + aegis.ControlPlaneRole)
	boundary := "arn:aws:iam::" + sandbox.AccountID + ":policy/aegis-dev-us-east-1-boundary"
	for what, try := range map[string]func() error{
		"attach a policy": func() error {
			_, err := executor.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		},
		"give it rights": func() error {
			_, err := executor.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("wide"), PolicyDocument: aws.String(everything)})
			return err
		},
		"have it trust others": func() error {
			_, err := executor.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trustsAll)})
			return err
		},
		"make it anew": func() error {
			_, err := executor.CreateRole(t.Context(), &iam.CreateRoleInput{
				RoleName: aws.String("aegis-dev-other"), AssumeRolePolicyDocument: aws.String(trustsAll),
				PermissionsBoundary: aws.String(boundary + "-" + aegis.ControlPlaneRole),
			})
			return err
		},
		"widen its boundary": func() error {
			_, err := executor.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: aws.String(boundary + "-" + aegis.ControlPlaneRole), PolicyDocument: aws.String(everything), SetAsDefault: true,
			})
			return err
		},
		"take its boundary away": func() error {
			_, err := executor.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
			return err
		},
	} {
		require.ErrorContains(t, try(), "AccessDenied", what)
	}
	// The same executor makes a role with the workloads' boundary.
	_, err := executor.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("aegis-dev-other"), AssumeRolePolicyDocument: aws.String(trustsAll), PermissionsBoundary: &boundary,
	})
	require.NoError(t, err)
}

const (
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trustsAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` +
		sandbox.AccountID + `:root"}}]}`
)

// withIdentities starts an account with those identities, and is its administrator.
func withIdentities(t *testing.T) aws.Config {
	t.Helper()
	account := sandboxtest.Start(t, "us-east-1")
	admin := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(account.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(account.AdminAccessKeyID, account.AdminSecretAccessKey, ""),
	}
	makeIdentities(t, iam.NewFromConfig(admin))
	return admin
}

// makeIdentities makes the executor's and the control plane's role as layer
// security declares them, but that the account trusts both, and roles that the
// control plane may and may not assume.
func makeIdentities(t *testing.T, admin *iam.Client) {
	t.Helper()
	all := declare(t, specOf(t, aegis.LayerSecurity, clusterRoles))
	for _, policy := range of(t, all, "aws_iam_policy") {
		name, text := policy.inputs["name"].StringValue(), policy.inputs["policy"].StringValue()
		_, err := admin.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &text})
		require.NoError(t, err)
	}
	boundary := "arn:aws:iam::" + sandbox.AccountID + ":policy/aegis-dev-us-east-1-boundary"
	for name, limit := range map[string]string{
		"aegis-dev-us-east-1-executor": boundary, "aegis-dev-us-east-1-" + aegis.ControlPlaneRole: boundary + "-" + aegis.ControlPlaneRole,
	} {
		_, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustsAll), PermissionsBoundary: &limit})
		require.NoError(t, err)
	}
	for _, name := range []string{"aegis-bootstrap", "aegis-prod-us-east-1-executor", "others"} {
		_, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustsAll)})
		require.NoError(t, err)
	}
	for _, policy := range of(t, all, "aws_iam_role_policy") {
		role := map[string]string{"executor": "executor", aegis.ControlPlaneRole + "-sessions": aegis.ControlPlaneRole}[policy.name]
		if role == "" {
			continue
		}
		_, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("aegis-dev-us-east-1-" + role), PolicyName: aws.String("p"),
			PolicyDocument: aws.String(policy.inputs["policy"].StringValue()),
		})
		require.NoError(t, err)
	}
}

func assumeRole(t *testing.T, as aws.Config, role string) (aws.Config, error) {
	t.Helper()
	got, err := sts.NewFromConfig(as).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("aegis-test")})
	if err != nil {
		return aws.Config{}, err
	}
	is := as.Copy()
	is.Credentials = credentials.NewStaticCredentialsProvider(
		*got.Credentials.AccessKeyId, *got.Credentials.SecretAccessKey, *got.Credentials.SessionToken)
	return is, nil
}

// sessionOf is a client's configuration after it assumed the role.
func sessionOf(t *testing.T, as aws.Config, role string) aws.Config {
	t.Helper()
	is, err := assumeRole(t, as, role)
	require.NoError(t, err)
	return is
}
