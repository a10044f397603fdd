package sandbox_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

func TestRefusedKeys(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t)
	unknown := keysConfig(account, "us-east-1", "AKIAAAAAAAAAAAAAAAAA", "secret")
	wrong := keysConfig(account, "us-east-1", account.AdminAccessKeyID, "wrong")
	for _, test := range []struct {
		fact, code string
		cfg        aws.Config
		call       func(aws.Config) error
	}{
		{"unknown key, query", "InvalidClientTokenId", unknown, func(c aws.Config) error {
			_, err := iam.NewFromConfig(c).ListUsers(t.Context(), nil)
			return err
		}},
		{"unknown key, ec2", "AuthFailure", unknown, func(c aws.Config) error {
			_, err := ec2.NewFromConfig(c).DescribeVpcs(t.Context(), nil)
			return err
		}},
		{"unknown key, json", "UnrecognizedClientException", unknown, func(c aws.Config) error {
			_, err := kinesis.NewFromConfig(c).ListStreams(t.Context(), nil)
			return err
		}},
		{"unknown key, s3", "InvalidAccessKeyId", unknown, func(c aws.Config) error {
			_, err := s3.NewFromConfig(c).ListBuckets(t.Context(), nil)
			return err
		}},
		{"wrong secret, query", "SignatureDoesNotMatch", wrong, func(c aws.Config) error {
			_, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
			return err
		}},
		{"wrong secret, json", "InvalidSignatureException", wrong, func(c aws.Config) error {
			_, err := kinesis.NewFromConfig(c).ListStreams(t.Context(), nil)
			return err
		}},
	} {
		t.Run(test.fact, func(t *testing.T) {
			t.Parallel()
			requireCode(t, test.call(test.cfg), test.code)
		})
	}
	t.Run("no signature", func(t *testing.T) {
		t.Parallel()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, account.AWSEndpoint+"/?Action=ListUsers", nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusForbidden, resp.StatusCode)
	})
	t.Run("deactivated, activated and deleted key", func(t *testing.T) {
		t.Parallel()
		cfg := makeUser(t, account, "carol", administrator, "")
		keys, err := cfg.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		admin := iam.NewFromConfig(adminConfig(account, "us-east-1"))
		set := func(status types.StatusType) {
			_, err := admin.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
				UserName: aws.String("carol"), AccessKeyId: &keys.AccessKeyID, Status: status,
			})
			require.NoError(t, err)
		}
		whoAmI := func() error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			return err
		}
		require.NoError(t, whoAmI())
		set(types.StatusTypeInactive)
		requireCode(t, whoAmI(), "InvalidClientTokenId")
		set(types.StatusTypeActive)
		require.NoError(t, whoAmI())
		_, err = admin.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("carol"), AccessKeyId: &keys.AccessKeyID})
		require.NoError(t, err)
		requireCode(t, whoAmI(), "InvalidClientTokenId")
	})
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	account := sandboxtest.Start(t, "us-east-1", "eu-west-1")
	vpcs := func(cfg aws.Config) error {
		_, err := ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), nil)
		return err
	}
	users := func(cfg aws.Config) error {
		_, err := iam.NewFromConfig(cfg).ListUsers(t.Context(), nil)
		return err
	}
	const readEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}`

	t.Run("an identity policy limits a user", func(t *testing.T) {
		t.Parallel()
		cfg := makeUser(t, account, "dave", readEC2, "")
		require.NoError(t, vpcs(cfg))
		requireCode(t, users(cfg), "AccessDenied")
		_, err := ec2.NewFromConfig(cfg).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		requireCode(t, err, "UnauthorizedOperation")
	})
	t.Run("a boundary limits an administrator", func(t *testing.T) {
		t.Parallel()
		cfg := makeUser(t, account, "erin", administrator, "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
		require.NoError(t, vpcs(cfg))
		requireCode(t, users(cfg), "AccessDenied")
	})
	t.Run("a session policy limits a role", func(t *testing.T) {
		t.Parallel()
		role := makeRole(t, account, "aegis-test-wide")
		free, err := assume(t.Context(), autopilotConfig(account, "eu-west-1"), role, "", 0)
		require.NoError(t, err)
		require.NoError(t, users(free))
		bound, err := assume(t.Context(), autopilotConfig(account, "eu-west-1"), role,
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*",
			"Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`, 0)
		require.NoError(t, err)
		require.NoError(t, vpcs(bound))
		requireCode(t, users(bound), "AccessDenied")
		bound.Region = "us-east-1"
		requireCode(t, vpcs(bound), "UnauthorizedOperation")
	})
	t.Run("a change of policies acts at once", func(t *testing.T) {
		t.Parallel()
		cfg := makeUser(t, account, "frank", readEC2, "")
		require.NoError(t, vpcs(cfg))
		_, err := iam.NewFromConfig(adminConfig(account, "us-east-1")).DeleteUserPolicy(t.Context(),
			&iam.DeleteUserPolicyInput{UserName: aws.String("frank"), PolicyName: aws.String("own")})
		require.NoError(t, err)
		requireCode(t, vpcs(cfg), "UnauthorizedOperation")
	})
	t.Run("a role that is not trusted, or not there, can't be assumed", func(t *testing.T) {
		t.Parallel()
		cfg := makeUser(t, account, "grace", readEC2, "")
		role := makeRole(t, account, "aegis-test-closed")
		_, err := assume(t.Context(), cfg, role, "", 0)
		requireCode(t, err, "AccessDenied")
		_, err = assume(t.Context(), autopilotConfig(account, "us-east-1"), role+"-absent", "", 0)
		requireCode(t, err, "AccessDenied")
	})
	t.Run("a session's length and policy are checked", func(t *testing.T) {
		t.Parallel()
		role := makeRole(t, account, "aegis-test-short")
		for _, seconds := range []int32{899, 3601} {
			_, err := assume(t.Context(), autopilotConfig(account, "us-east-1"), role, "", seconds)
			requireCode(t, err, "ValidationError")
		}
		_, err := assume(t.Context(), autopilotConfig(account, "us-east-1"), role, "{", 0)
		requireCode(t, err, "MalformedPolicyDocument")
	})
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	opts.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	account := sandboxtest.StartWith(t, opts)
	role := makeRole(t, account, "aegis-test")
	cfg, err := assume(t.Context(), autopilotConfig(account, "us-east-1"), role, "", 900)
	require.NoError(t, err)
	whoAmI := func() error {
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
		return err
	}
	require.NoError(t, whoAmI())
	ahead.Store(int64(901 * time.Second))
	requireCode(t, whoAmI(), "ExpiredToken")
}
