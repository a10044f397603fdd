package cloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

// wide allows so many services that the session policy is split.
func wide() *aegis.ExecutionPolicy {
	services := []string{"ec2", "iam", "kms"}
	for i := range 100 {
		services = append(services, fmt.Sprintf("service-number-%d", i))
	}
	return &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{"eu-west-1"}, Services: services}}
}

// sessionPolicies are the managed ones that there are.
func sessionPolicies(t *testing.T, client *iam.Client) []types.Policy {
	t.Helper()
	out, err := client.ListPolicies(t.Context(), &iam.ListPoliciesInput{PathPrefix: aws.String("/aegis/session/"), Scope: types.PolicyScopeTypeLocal})
	require.NoError(t, err)
	return out.Policies
}

// Whether what narrows a session is inline or in managed policies, AWS itself
// refuses what is outside of it.
func TestAWSRefusesWhatIsOutsideOfTheEnvelope(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	administrator := iam.NewFromConfig(admin(account, "us-east-1"))
	narrow := &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{"eu-west-1"}, Services: []string{"ec2", "iam", "kms"}}}
	inline, err := connected.Credentials(t.Context(), runOf("eu-west-1", narrow))
	require.NoError(t, err)
	require.Empty(t, sessionPolicies(t, administrator), "it fits inline")
	managed, err := connected.Credentials(t.Context(), runOf("eu-west-1", wide()))
	require.NoError(t, err)
	made := sessionPolicies(t, administrator)
	require.NotEmpty(t, made)
	require.True(t, strings.HasPrefix(*made[0].PolicyName, "aegis-dev-session-"), *made[0].PolicyName)

	for name, keys := range map[string]aegis.Credentials{"inline": inline, "managed": managed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusesOutside(t, account, keys)
			own := iam.NewFromConfig(as(account, keys, "us-east-1"))
			_, err := own.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: made[0].Arn, SetAsDefault: true, PolicyDocument: aws.String(everything),
			})
			require.ErrorContains(t, err, "AccessDenied", "editing what narrows it")
			_, err = own.CreatePolicy(t.Context(), &iam.CreatePolicyInput{
				Path: aws.String("/aegis/session/"), PolicyName: aws.String("aegis-dev-session-mine"), PolicyDocument: aws.String(everything),
			})
			require.ErrorContains(t, err, "AccessDenied", "making one itself")
			_, err = own.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: made[0].Arn})
			require.ErrorContains(t, err, "AccessDenied", "removing one")
			require.Equal(t, made, sessionPolicies(t, administrator))
		})
	}
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// refusesOutside calls AWS inside and outside of an envelope of ec2, iam and
// kms in eu-west-1, without secrets.
func refusesOutside(t *testing.T, account *sandbox.Account, keys aegis.Credentials) {
	t.Helper()
	createVPC := func(region string) error {
		_, err := ec2.NewFromConfig(as(account, keys, region)).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})
		return err
	}
	require.NoError(t, createVPC("eu-west-1"))
	require.ErrorContains(t, createVPC("us-east-1"), "UnauthorizedOperation", "another region")
	_, err := sqs.NewFromConfig(as(account, keys, "eu-west-1")).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	require.ErrorContains(t, err, "AccessDenied", "another service")
	_, err = kms.NewFromConfig(as(account, keys, "eu-west-1")).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: []byte("any")})
	require.ErrorContains(t, err, "AccessDenied", "secrets, though the service is allowed")
	_, err = iam.NewFromConfig(as(account, keys, "us-east-1")).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("aegis-prod-role"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`),
	})
	require.ErrorContains(t, err, "AccessDenied", "names of another environment")
}

func TestManyWorkersShareManagedPolicies(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	var workers errgroup.Group
	for i := range 6 {
		connected := connect(t, account, sandbox.AccountID)
		workers.Go(func() error {
			run := runOf("eu-west-1", wide())
			run.ChangeSetID = fmt.Sprintf("cs-%d", i)
			_, err := connected.Credentials(t.Context(), run)
			return err
		})
	}
	require.NoError(t, workers.Wait())
	require.Len(t, sessionPolicies(t, iam.NewFromConfig(admin(account, "us-east-1"))), 1)
}

func TestManagedPolicyThatWasChangedIsNotUsed(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	_, err := connected.Credentials(t.Context(), runOf("eu-west-1", wide()))
	require.NoError(t, err)
	administrator := iam.NewFromConfig(admin(account, "us-east-1"))
	first := sessionPolicies(t, administrator)
	for _, policy := range first {
		_, err := administrator.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
			PolicyArn: policy.Arn, SetAsDefault: true, PolicyDocument: aws.String(everything),
		})
		require.NoError(t, err)
	}
	other := runOf("eu-west-1", wide())
	other.ChangeSetID = "cs-2" // another session
	keys, err := connected.Credentials(t.Context(), other)
	require.NoError(t, err)
	require.Len(t, sessionPolicies(t, administrator), 2*len(first))
	_, err = ec2.NewFromConfig(as(account, keys, "us-east-1")).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})
	require.ErrorContains(t, err, "UnauthorizedOperation")
}

func TestOldSessionPoliciesAreTidied(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	now := time.Now()
	connected := connect(t, account, sandbox.AccountID, func(c *cloud.Config) { c.Now = func() time.Time { return now } })
	_, err := connected.Credentials(t.Context(), runOf("eu-west-1", wide()))
	require.NoError(t, err)
	administrator := iam.NewFromConfig(admin(account, "us-east-1"))
	count := len(sessionPolicies(t, administrator))
	require.NotZero(t, count)
	for _, step := range []struct {
		pass time.Duration
		left int
	}{
		{0, count}, {8 * 24 * time.Hour, count}, {time.Hour, count}, {2 * time.Hour, 0},
	} {
		now = now.Add(step.pass)
		require.NoError(t, connected.TidyPolicies(t.Context()))
		require.Len(t, sessionPolicies(t, administrator), step.left, "after %s", step.pass)
	}
}
