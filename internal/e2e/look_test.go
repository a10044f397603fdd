package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/models"
	"github.com/aegisworld/aegis/internal/models/modeltest"
)

// vague is a goal that leaves open which bucket it is about.
const vague = "whichever heap in Singapore swells the most ought to let its bygone copies melt away after two months"

const swelling = "sandbox.data.ap-southeast-1"

// librarian is a model of the shared estate: it knows what vague means, but for the
// bucket's name, which it takes from what a tool answers. All other goals are
// unclear to it. File is a configuration that names it.
func librarian(dir string) (server *modeltest.Server, file string, err error) {
	server = modeltest.Start()
	server.Reply(func(c modeltest.Call) modeltest.Step {
		first, last := c.Messages[0].Text, c.Messages[len(c.Messages)-1].Text
		switch {
		case strings.Contains(first, shelved):
			return reader(c, last)
		case !strings.Contains(first, vague):
			return modeltest.Step{Text: `{"sentences":[],"unclear":"it is about nothing that I know"}`}
		case strings.Contains(string(c.Schema), `"sentences"`):
			return modeltest.Step{Text: `{"sentences":["keep old versions in the <bucket> bucket for 60 days in ap-southeast-1"],"unclear":""}`}
		case strings.Contains(last, "aws_s3_bucket::artifacts"):
			return modeltest.Step{Text: `{"values":{"bucket":"artifacts"}}`}
		default:
			return modeltest.Step{Text: `{"tool":"list_resources","input":{"stack_id":"` + swelling + `","type":"aws_s3_bucket"}}`}
		}
	})
	file, err = e2e.WriteModels(dir, e2e.Model{Kind: models.OpenAI, BaseURL: server.URL(models.OpenAI), ID: "librarian"})
	return server, file, err
}

// TestAGoalIsLookedInto has a model find the bucket that a goal does not name, with
// the estate's own tools, and the goal is carried out.
func TestAGoalIsLookedInto(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	g, sets := goal(ctx, t, estate.Process, aegis.GoalSpec{Intent: vague})
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
	require.Equal(t, []string{"keep old versions in the artifacts bucket for 60 days in ap-southeast-1"}, g.Plan.Reading.Sentences)
	require.Len(t, sets, 1)
	require.Equal(t, []string{swelling}, sets[0].Target.StackIDs)

	out, code := aegisCLI(ctx, t, "goal", "steps", g.GoalID, "-o", "json")
	require.Zero(t, code, out)
	var steps struct{ Items []aegis.AgentStep }
	require.NoError(t, json.Unmarshal([]byte(out), &steps))
	require.Len(t, steps.Items, 2)
	require.Equal(t, "list_resources", steps.Items[0].Tool)
	require.Contains(t, steps.Items[0].Output, "aws_s3_bucket::artifacts")
	require.Equal(t, map[string]string{"bucket": "artifacts"}, steps.Items[1].Values)

	trace, err := client.New(estate.URL, estate.Token).Trace(ctx, g.TraceID)
	require.NoError(t, err)
	require.Equal(t, 3, trace.ModelCalls)
	require.Equal(t, 1, trace.ToolCalls)
	require.InDelta(t, g.Plan.Reading.CostUSD, trace.TokenCost, 1e-9)

	buckets := s3.NewFromConfig(admin(estate.Process, "ap-southeast-1"), func(o *s3.Options) { o.UsePathStyle = true })
	rules, err := buckets.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{
		Bucket: aws.String("aegis-sandbox-artifacts-123456789012-ap-southeast-1"),
	})
	require.NoError(t, err)
	var days []int32
	for _, rule := range rules.Rules {
		if rule.NoncurrentVersionExpiration != nil {
			days = append(days, aws.ToInt32(rule.NoncurrentVersionExpiration.NoncurrentDays))
		}
	}
	require.Equal(t, []int32{60}, days)
}
