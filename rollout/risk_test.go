package rollout

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

func TestRiskNeverFallsWithMoreChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		diff := rapid.SliceOfN(rapid.Custom(drawChange), 0, 12).Draw(t, "diff")
		resources := map[string]int{"a": rapid.IntRange(0, 40).Draw(t, "a"), "b": rapid.IntRange(0, 40).Draw(t, "b")}
		past := aegis.History{RolledBack: rapid.IntRange(0, 5).Draw(t, "rolled back"), Failed: rapid.IntRange(0, 5).Draw(t, "failed")}
		score, factors := risk(diff, resources, past)
		require.GreaterOrEqual(t, score, 0)
		require.LessOrEqual(t, score, 100)
		sum := 0
		for _, f := range factors {
			require.Positive(t, f.Points)
			require.NotEmpty(t, f.Detail)
			sum += f.Points
		}
		require.Equal(t, min(sum, 100), score, "the factors say why")
		more, _ := risk(append(slices.Clone(diff), drawChange(t)), resources, past)
		require.GreaterOrEqual(t, more, score)
		past.Failed++
		worse, _ := risk(diff, resources, past)
		require.GreaterOrEqual(t, worse, score)
	})
}

func TestRiskOfTypicalChanges(t *testing.T) {
	t.Parallel()
	update := func(kind string, before, after values) aegis.ResourceChange {
		return aegis.ResourceChange{StackID: "s", Address: kind, Type: kind, Region: "eu-west-1", Action: aegis.ActionUpdate, Before: before, After: after}
	}
	cases := map[string]struct {
		diff   []aegis.ResourceChange
		within aegis.RiskTolerance
		above  aegis.RiskTolerance
	}{
		"scaling a group is low": {
			[]aegis.ResourceChange{update("aws_autoscaling_group", values{"desired_capacity": 2}, values{"desired_capacity": 4})}, aegis.RiskLow, "",
		},
		"keeping logs longer is low": {
			[]aegis.ResourceChange{update("aws_cloudwatch_log_group", values{"retention_in_days": 30}, values{"retention_in_days": 90})}, aegis.RiskLow, "",
		},
		"keeping them shorter is not": {
			[]aegis.ResourceChange{update("aws_cloudwatch_log_group", values{"retention_in_days": 90}, values{"retention_in_days": 30})}, aegis.RiskMedium, aegis.RiskLow,
		},
		"nor is from for ever": {
			[]aegis.ResourceChange{update("aws_cloudwatch_log_group", values{"retention_in_days": 0}, values{"retention_in_days": 30})}, aegis.RiskMedium, aegis.RiskLow,
		},
		"nor is expiring objects sooner": {
			[]aegis.ResourceChange{update("aws_s3_bucket_lifecycle_configuration",
				values{"rule": []any{values{"expiration": values{"days": 90}}}}, values{"rule": []any{values{"expiration": values{"days": 9}}}})},
			aegis.RiskMedium, aegis.RiskLow,
		},
		"opening a door to the world is not low": {
			[]aegis.ResourceChange{update("aws_security_group", values{"ingress": []any{}}, values{"ingress": []any{values{"cidr_blocks": []string{"0.0.0.0/0"}}}})},
			aegis.RiskMedium, aegis.RiskLow,
		},
		"closing one is": {
			[]aegis.ResourceChange{update("aws_security_group", values{"ingress": []any{values{"cidr_blocks": []any{"0.0.0.0/0"}}}}, values{"ingress": []any{}})},
			aegis.RiskLow, "",
		},
		"making a database public is not low": {
			[]aegis.ResourceChange{update("aws_db_instance", values{"publicly_accessible": false}, values{"publicly_accessible": true})},
			aegis.RiskMedium, aegis.RiskLow,
		},
		"unblocking a bucket is not low": {
			[]aegis.ResourceChange{update("aws_s3_bucket_public_access_block", values{"block_public_acls": true}, values{"block_public_acls": false})},
			aegis.RiskMedium, aegis.RiskLow,
		},
		"granting more is not low": {
			[]aegis.ResourceChange{
				update("aws_iam_policy", values{"policy": document("s3:GetObject")}, values{"policy": document("s3:GetObject", "s3:PutObject")}),
				update("aws_launch_template", nil, nil),
			}, aegis.RiskMedium, aegis.RiskLow,
		},
		"granting less is low": {
			[]aegis.ResourceChange{update("aws_iam_policy", values{"policy": document("s3:GetObject", "s3:PutObject")}, values{"policy": document("s3:GetObject")})},
			aegis.RiskLow, "",
		},
		"losing two data stores is high": {
			[]aegis.ResourceChange{
				{StackID: "s", Address: "a", Type: "aws_s3_bucket", Action: aegis.ActionDelete},
				{StackID: "s", Address: "b", Type: "aws_kms_key", Action: aegis.ActionReplace},
			}, aegis.RiskHigh, aegis.RiskMedium,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			score, factors := risk(c.diff, map[string]int{"s": 30}, aegis.History{})
			require.LessOrEqual(t, score, c.within.MaxRisk(), "%v", factors)
			if c.above != "" {
				require.Greater(t, score, c.above.MaxRisk(), "%v", factors)
			}
		})
	}
}

func document(actions ...string) string {
	out := `{"Statement":[{"Effect":"Allow","Resource":"*","Action":[`
	for i, a := range actions {
		if i > 0 {
			out += ","
		}
		out += `"` + a + `"`
	}
	return out + `]}]}`
}

func TestOrder(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-1"}
	stacks := func(destroy bool, needs map[string][]string) (wants []desired) {
		for _, r := range regions {
			w := desired{stack: aegis.Stack{StackID: r, Region: r, DependsOn: needs[r]}}
			if destroy {
				w.patch = &aegis.SpecPatch{Destroy: true}
			}
			wants = append(wants, w)
		}
		return wants
	}
	onPrimary := map[string][]string{"eu-west-1": {"us-east-1"}, "ap-southeast-1": {"us-east-1"}}
	require.Equal(t, []string{"ap-southeast-1", "eu-west-1", "us-east-1"}, order(stacks(false, nil), regions))
	require.Equal(t, []string{"us-east-1", "ap-southeast-1", "eu-west-1"}, order(stacks(false, onPrimary), regions))
	require.Equal(t, []string{"eu-west-1", "ap-southeast-1", "us-east-1"}, order(stacks(true, onPrimary), regions))
	circle := map[string][]string{"eu-west-1": {"us-east-1"}, "us-east-1": {"eu-west-1"}}
	require.Len(t, order(stacks(false, circle), regions), 3)
}

func TestSmallestSlice(t *testing.T) {
	t.Parallel()
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-1"}
	var wants []desired
	for _, r := range regions {
		wants = append(wants, desired{stack: aegis.Stack{StackID: r, Region: r}})
	}
	slice := func(counts ...int) string {
		cs := &aegis.AutonomousChangeSet{}
		for i, n := range counts {
			for range n {
				cs.Diff = append(cs.Diff, aegis.ResourceChange{StackID: regions[i]})
			}
		}
		return smallestSlice(cs, wants[:len(counts)], regions)
	}
	require.Equal(t, "ap-southeast-1", slice(2, 2, 2), "the last region among equals")
	require.Equal(t, "eu-west-1", slice(3, 1, 2), "the fewest changes")
	require.Equal(t, "us-east-1", slice(1, 0, 0), "one that changes at all")
	require.Empty(t, slice(1), "one stack has no canary")
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b, path string
		overlap    bool
	}{
		{`{"a":1}`, `{"b":1}`, "", false},
		{`{"a":1}`, `{"a":1}`, "a", true},
		{`{"a":{"x":1}}`, `{"a":{"y":1}}`, "", false},
		{`{"a":{"x":1}}`, `{"a":{"x":null}}`, "a.x", true},
		{`{"a":null}`, `{"a":{"x":1}}`, "a", true},
		{`{"a":[1]}`, `{"a":[2]}`, "a", true},
		{`{}`, `{"a":1}`, "", false},
	} {
		path, overlap := overlaps([]byte(c.a), []byte(c.b))
		require.Equal(t, c.overlap, overlap, "%s and %s", c.a, c.b)
		require.Equal(t, c.path, path)
	}
}

func TestInverseLeadsBack(t *testing.T) {
	t.Parallel()
	docs := rapid.SampledFrom([]string{
		`{}`, `{"a":1}`, `{"a":2,"b":{"x":1}}`, `{"b":{"x":1,"y":[1,2]}}`, `{"b":{"y":[2]},"c":"s"}`, `{"a":{"b":{"c":true}}}`,
	})
	rapid.Check(t, func(t *rapid.T) {
		base := aegis.SpecRevision{Revision: 3, Spec: aegis.Spec{Parameters: []byte(docs.Draw(t, "base"))}}
		w, err := want(aegis.Stack{StackID: "s"}, &aegis.SpecPatch{StackID: "s", MergePatch: []byte(docs.Draw(t, "patch"))}, base)
		require.NoError(t, err)
		back, exact, err := inverse(w)
		require.NoError(t, err)
		require.True(t, exact)
		require.Equal(t, int64(4), back.BaseRevision)
		again, err := want(aegis.Stack{StackID: "s"}, &back, aegis.SpecRevision{Revision: 4, Spec: w.spec})
		require.NoError(t, err)
		require.JSONEq(t, string(base.Spec.Parameters), string(again.spec.Parameters))
	})
}
