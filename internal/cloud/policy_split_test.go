package cloud

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox/policy"
)

// manyServices are n services that AWS does not have yet.
func manyServices(n int) []string {
	services := make([]string, n)
	for i := range services {
		services[i] = fmt.Sprintf("service-of-a-later-year-%05d", i)
	}
	return services
}

// set is what a session with these policies is narrowed to.
func set(t require.TestingT, texts ...string) policy.Policies {
	everything, err := policy.Parse(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	require.NoError(t, err)
	p := policy.Policies{Identity: []policy.Document{everything}, Session: []policy.Document{}}
	for _, text := range texts {
		if text == "" {
			continue
		}
		parsed, err := policy.Parse(text)
		require.NoError(t, err)
		p.Session = append(p.Session, parsed)
	}
	return p
}

// What is passed to STS allows exactly what the statements say, however it is
// shortened and split.
func TestSplitChangesNothing(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-1"}
	known := []string{"autoscaling", "ec2", "iam", "kinesis", "kms", "route53", "s3", "secretsmanager", "sqs", "sts"}
	rapid.Check(t, func(t *rapid.T) {
		later := manyServices(rapid.SampledFrom([]int{0, 20, 50, 400, 1500}).Draw(t, "later services"))
		run := networkRun(&aegis.ExecutionPolicy{
			NetworkScope: aegis.NetworkScope{
				Regions:  rapid.SliceOfDistinct(rapid.SampledFrom(regions), rapid.ID).Draw(t, "regions"),
				Services: append(rapid.SliceOfDistinct(rapid.SampledFrom(known), rapid.ID).Draw(t, "services"), later...),
			},
			DataScope: aegis.DataScope{Secrets: rapid.Bool().Draw(t, "secrets")},
		})
		run.Stack.Region = rapid.SampledFrom(regions).Draw(t, "region of the stack")
		run.Stack.Kind = rapid.SampledFrom([]aegis.TargetKind{aegis.TargetPulumiStack, aegis.TargetTerraformWorkspace}).Draw(t, "kind")
		statements, err := sessionStatements(run, regions)
		if err != nil {
			require.ErrorIs(t, err, aegis.ErrForbidden)
			return
		}
		whole, err := document(statements)
		require.NoError(t, err)
		parts, err := split(statements)
		require.NoError(t, err)
		require.LessOrEqual(t, len(parts.inline), maxSessionPolicy)
		require.LessOrEqual(t, len(parts.managed), maxManagedPolicies)
		for _, text := range parts.managed {
			require.LessOrEqual(t, len(text), maxManagedPolicy)
			require.NotContains(t, text, "Deny", "a denial waits for no other service")
		}
		unsplit, divided := set(t, whole), set(t, append(parts.managed, parts.inline)...)
		services := append(slices.Clone(known), "dynamodb")
		for range 50 {
			service := rapid.SampledFrom(append(services, later...)).Draw(t, "service")
			verb := rapid.SampledFrom([]string{
				"DescribeX", "GetX", "ListX", "CreateX", "DeleteX", "GetSecretValue", "Decrypt", "CreatePolicy", "GetBucketAcl", "GetObject",
			}).Draw(t, "verb")
			request := policy.Request{
				Action: service + ":" + verb,
				Resource: rapid.SampledFrom([]string{
					policy.Unknown, "arn:aws:ec2:eu-west-1:1:vpc/v", "arn:aws:iam::1:role/aegis-dev-x", "arn:aws:iam::1:role/aegis-prod-x",
					"arn:aws:iam::1:policy/aegis/session/aegis-dev-session-x", "arn:aws:iam::1:user/ann",
				}).Draw(t, "resource"),
				Context: policy.Context{"aws:requestedregion": {rapid.SampledFrom(append(regions, "sa-east-1")).Draw(t, "requested region")}},
			}
			require.Equal(t, policy.Evaluate(request, unsplit), policy.Evaluate(request, divided), "%v", request)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	splitOf := func(services int) (sessionPolicies, error) {
		statements, err := sessionStatements(networkRun(&aegis.ExecutionPolicy{
			NetworkScope: aegis.NetworkScope{Services: manyServices(services)},
		}), nil)
		require.NoError(t, err)
		return split(statements)
	}
	t.Run("keeps inline what fits", func(t *testing.T) {
		t.Parallel()
		parts, err := splitOf(10)
		require.NoError(t, err)
		require.Empty(t, parts.managed)
	})
	t.Run("moves permissions into managed policies and keeps denials inline", func(t *testing.T) {
		t.Parallel()
		parts, err := splitOf(100)
		require.NoError(t, err)
		require.Len(t, parts.managed, 1)
		require.Contains(t, parts.inline, "secretsmanager:GetSecretValue")
		require.NotContains(t, parts.inline, "Allow")
	})
	t.Run("is the same every time", func(t *testing.T) {
		t.Parallel()
		first, err := splitOf(900)
		require.NoError(t, err)
		second, err := splitOf(900)
		require.NoError(t, err)
		require.Equal(t, first, second)
	})
	t.Run("refuses what ten policies don't hold, naming the field", func(t *testing.T) {
		t.Parallel()
		_, err := splitOf(3000)
		require.ErrorContains(t, err, "execution_policy.network_scope")
		require.ErrorContains(t, err, "name fewer services or regions")
	})
	t.Run("refuses a statement that no policy holds", func(t *testing.T) {
		t.Parallel()
		_, err := split([]statement{
			{Effect: "Allow", Action: []string{"ec2:*"}, Resource: []string{strings.Repeat("x", maxManagedPolicy)}},
		})
		require.ErrorContains(t, err, "execution_policy.network_scope")
	})
}

func TestShortened(t *testing.T) {
	t.Parallel()
	all := []string{"*"}
	got, err := shortened([]statement{
		{Effect: "Allow", Action: []string{"ec2:Describe*", "s3:Get*Configuration", "sqs:Get*"}, Resource: all},
		{Effect: "Deny", Action: []string{"kms:Decrypt"}, Resource: all},
		{Effect: "Allow", Action: []string{"ec2:*", "s3:Get*", "sqs:GetQueueUrl"}, Resource: all},
		{Effect: "Allow", Action: []string{"ec2:Get*"}, Resource: all, Condition: inRegions([]string{"eu-west-1"})},
	})
	require.NoError(t, err)
	require.Equal(t, []statement{
		{Effect: "Allow", Action: []string{"ec2:*", "s3:Get*", "sqs:Get*"}, Resource: all},
		{Effect: "Deny", Action: []string{"kms:Decrypt"}, Resource: all},
		{Effect: "Allow", Action: []string{"ec2:Get*"}, Resource: all, Condition: inRegions([]string{"eu-west-1"})},
	}, got)
}

// Every action that a covered pattern matches, the covering one matches.
func TestCovers(t *testing.T) {
	t.Parallel()
	pattern := rapid.StringMatching(`[ab*]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		wide, narrow, action := pattern.Draw(t, "wide"), pattern.Draw(t, "narrow"), rapid.StringMatching(`[ab]{0,6}`).Draw(t, "action")
		if covers(wide, narrow) && covers(narrow, action) {
			require.True(t, covers(wide, action))
		}
		everyone, err := policy.Parse(`{"Statement":{"Effect":"Allow","Action":"` + wide + `","Resource":"*"}}`)
		require.NoError(t, err)
		judged := policy.Evaluate(policy.Request{Action: action, Resource: "*"}, policy.Policies{Identity: []policy.Document{everyone}})
		require.Equal(t, judged == policy.Allow, covers(wide, action), "as IAM matches")
	})
}
