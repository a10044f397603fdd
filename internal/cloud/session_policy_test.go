package cloud

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func networkRun(policy *aegis.ExecutionPolicy) aegis.StackRun {
	return aegis.StackRun{Policy: policy, Stack: aegis.Stack{
		Kind: aegis.TargetPulumiStack, Environment: "dev", Layer: aegis.LayerNetwork, Region: "eu-west-1",
	}}
}

// sessionPolicy is the text of a policy that is short enough for one session.
func sessionPolicy(run aegis.StackRun, estate []string) (string, error) {
	statements, err := sessionStatements(run, estate)
	if err != nil {
		return "", err
	}
	policies, err := split(statements)
	return strings.Join(append([]string{policies.inline}, policies.managed...), "\n"), err
}

func allowed(t require.TestingT, text string) []statement {
	var policy struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(text), &policy))
	return policy.Statement
}

func TestSessionPolicyWithoutExecutionPolicyOnlyReads(t *testing.T) {
	t.Parallel()
	text, err := sessionPolicy(networkRun(nil), nil)
	require.NoError(t, err)
	for _, one := range allowed(t, text) {
		for _, action := range one.Action {
			_, verb, _ := strings.Cut(action, ":")
			require.True(t, slices.ContainsFunc([]string{"Describe", "Get", "List"}, func(prefix string) bool {
				return strings.HasPrefix(verb, prefix)
			}), action)
			require.NotContains(t, []string{"s3:Get*", "secretsmanager:GetSecretValue", "kinesis:Get*"}, action)
		}
	}
}

func TestSessionPolicyOfALayer(t *testing.T) {
	t.Parallel()
	text, err := sessionPolicy(networkRun(&aegis.ExecutionPolicy{}), nil)
	require.NoError(t, err)
	require.Contains(t, text, `"ec2:*"`)
	require.NotContains(t, text, `"kinesis:*"`)
	require.Contains(t, text, `"kms:Decrypt"`, "denied without the right to secrets")
}

func TestSessionPolicyBindsIAMToTheEnvironment(t *testing.T) {
	t.Parallel()
	run := networkRun(&aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Services: []string{"iam", "sts"}}})
	text, err := sessionPolicy(run, nil)
	require.NoError(t, err)
	require.Contains(t, text, "arn:aws:iam::*:role/aegis-dev-*")
	require.NotContains(t, text, "sts:*", "a session never assumes roles")
}

func TestSessionPolicyOfAWorkspace(t *testing.T) {
	t.Parallel()
	run := aegis.StackRun{Stack: aegis.Stack{Kind: aegis.TargetTerraformWorkspace}, Policy: &aegis.ExecutionPolicy{
		NetworkScope: aegis.NetworkScope{Services: []string{"sqs"}},
	}}
	text, err := sessionPolicy(run, []string{"us-east-1", "eu-west-1", "ap-southeast-1"})
	require.NoError(t, err)
	require.Contains(t, text, `"ap-southeast-1","eu-west-1","us-east-1"`)
	require.Contains(t, text, `"sqs:*"`)

	run.Policy.NetworkScope.Services = nil
	text, err = sessionPolicy(run, []string{"us-east-1"})
	require.NoError(t, err)
	require.NotContains(t, text, `:*"`, "one whose change is of no AWS service only reads")
}

// No policy makes a session wider than itself, nor longer than STS takes.
func TestSessionPolicyIsNeverWider(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-1"}
	services := []string{"ec2", "s3", "iam", "route53", "kms", "kinesis", "logs", "sts"}
	rapid.Check(t, func(t *rapid.T) {
		scope := aegis.NetworkScope{
			Regions:  rapid.SliceOfDistinct(rapid.SampledFrom(regions), rapid.ID).Draw(t, "regions"),
			Services: rapid.SliceOfDistinct(rapid.SampledFrom(services), rapid.ID).Draw(t, "services"),
		}
		text, err := sessionPolicy(networkRun(&aegis.ExecutionPolicy{NetworkScope: scope}), regions)
		if len(scope.Regions) > 0 && !slices.Contains(scope.Regions, "eu-west-1") {
			require.ErrorIs(t, err, aegis.ErrForbidden)
			return
		}
		require.NoError(t, err)
		require.LessOrEqual(t, len(text), maxSessionPolicy)
		for _, one := range allowed(t, text)[1:] {
			for _, action := range one.Action {
				service, _, _ := strings.Cut(action, ":")
				require.True(t, one.Effect == "Deny" || len(scope.Services) == 0 || slices.Contains(scope.Services, service), action)
			}
		}
	})
}

func TestSessionPolicyRefusesWhatIsNoService(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"", "*", "i*m", "IAM", "iam ", `ec2:*","iam`} {
		_, err := sessionPolicy(networkRun(&aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Services: []string{"ec2", service}}}), nil)
		require.ErrorContains(t, err, "execution_policy.network_scope.services[1]", service)
	}
}

func TestSessionNameAndDuration(t *testing.T) {
	t.Parallel()
	require.Equal(t, "aegis-observe", sessionName(""))
	require.Equal(t, "aegis-a-b-c", sessionName("a b/c"))
	require.Len(t, sessionName(strings.Repeat("x", 100)), 64)
	limit := func(seconds int) *aegis.ExecutionPolicy {
		return &aegis.ExecutionPolicy{ResourceLimits: aegis.ResourceLimits{MaxDurationSecs: seconds}}
	}
	require.Equal(t, time.Hour, sessionDuration(nil))
	require.Equal(t, 15*time.Minute, sessionDuration(limit(30)))
	require.Equal(t, 25*time.Minute, sessionDuration(limit(1200)))
	require.Equal(t, time.Hour, sessionDuration(limit(1e6)))
}

// Only what is about the role lets another role be tried.
func TestRefusal(t *testing.T) {
	t.Parallel()
	split := sessionRequest{role: "r", managed: "{}"}
	absent := &smithy.GenericAPIError{Code: "NoSuchEntity"}
	require.False(t, denied(refusal(split, absent)), "a managed policy that is not seen yet")
	require.True(t, denied(refusal(sessionRequest{role: "r"}, absent)))
	require.True(t, denied(refusal(split, &smithy.GenericAPIError{Code: "AccessDenied"})))
	packed := refusal(split, &types.PackedPolicyTooLargeException{})
	require.ErrorIs(t, packed, aegis.ErrInvalid)
	require.ErrorContains(t, packed, "execution_policy.network_scope")
}
