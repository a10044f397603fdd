package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis"
)

type values = map[string]any

func TestUncovered(t *testing.T) {
	t.Parallel()
	judged := []aegis.ResourceChange{
		{StackID: "s", Address: "made", Type: "aws_vpc", Action: aegis.ActionCreate, After: values{"cidr": "10.0.0.0/16", "tags": values{"a": "1"}}},
		{StackID: "s", Address: "set", Type: "aws_x", Action: aegis.ActionUpdate, Before: values{"n": 1}, After: values{"n": 2}},
		{StackID: "s", Address: "again", Type: "aws_x", Action: aegis.ActionReplace, Before: values{"n": 1}, After: values{"n": 2}},
		{StackID: "s", Address: "gone", Type: "aws_x", Action: aegis.ActionDelete, Before: values{"n": 1}},
		{
			StackID: "s", Address: "late", Type: "aws_subnet", Action: aegis.ActionCreate,
			After: values{"zone": "a", "rules": []any{values{"port": 22}}}, Unknown: []string{"vpc_id", "rules[0].group"},
		},
	}
	covered := map[string]aegis.ResourceChange{
		"a part":                        judged[0],
		"an update of what was adopted": {Address: "made", Type: "aws_vpc", Action: aegis.ActionUpdate, After: judged[0].After},
		"the same from another start":   {Address: "set", Type: "aws_x", Action: aegis.ActionUpdate, Before: values{"n": 7}, After: values{"n": 2.0}},
		"the creation of a replacement": {Address: "again", Type: "aws_x", Action: aegis.ActionCreate, After: values{"n": 2}},
		"the deletion of a replacement": {Address: "again", Type: "aws_x", Action: aegis.ActionDelete},
		"a deletion":                    {Address: "gone", Type: "aws_x", Action: aegis.ActionDelete, Before: values{"n": 1}},
		"a value that became known": {
			Address: "late", Type: "aws_subnet", Action: aegis.ActionCreate,
			After: values{"zone": "a", "vpc_id": "vpc-1", "rules": []any{values{"port": 22, "group": "sg-1"}}},
		},
	}
	for name, c := range covered {
		t.Run("covers "+name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, uncovered(aegis.Plan{Changes: []aegis.ResourceChange{c}}, judged))
		})
	}
	others := map[string]aegis.ResourceChange{
		"another resource":                {Address: "new", Type: "aws_x", Action: aegis.ActionCreate},
		"another type":                    {Address: "gone", Type: "aws_y", Action: aegis.ActionDelete},
		"another stack":                   {StackID: "z", Address: "gone", Type: "aws_x", Action: aegis.ActionDelete},
		"a deletion of what was updated":  {Address: "set", Type: "aws_x", Action: aegis.ActionDelete},
		"a replacement of what was made":  {Address: "made", Type: "aws_vpc", Action: aegis.ActionReplace, After: judged[0].After},
		"a creation of what was deleted":  {Address: "gone", Type: "aws_x", Action: aegis.ActionCreate},
		"another value":                   {Address: "set", Type: "aws_x", Action: aegis.ActionUpdate, After: values{"n": 3}},
		"one value more":                  {Address: "set", Type: "aws_x", Action: aegis.ActionUpdate, After: values{"n": 2, "m": 1}},
		"one value less":                  {Address: "set", Type: "aws_x", Action: aegis.ActionUpdate, After: values{}},
		"another value deep inside":       {Address: "made", Type: "aws_vpc", Action: aegis.ActionCreate, After: values{"cidr": "10.0.0.0/16", "tags": values{"a": "2"}}},
		"another value beside an unknown": {Address: "late", Type: "aws_subnet", Action: aegis.ActionCreate, After: values{"zone": "a", "rules": []any{values{"port": 23, "group": "sg-1"}}}},
		"one more rule": {
			Address: "late", Type: "aws_subnet", Action: aegis.ActionCreate,
			After: values{"zone": "a", "rules": []any{values{"port": 22}, values{"port": 23}}},
		},
	}
	for name, c := range others {
		t.Run("does not cover "+name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, uncovered(aegis.Plan{Changes: []aegis.ResourceChange{c}}, judged))
		})
	}
}

func drawChange(t *rapid.T) aegis.ResourceChange {
	return aegis.ResourceChange{
		StackID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "stack"),
		Address: rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "address"),
		Type: rapid.SampledFrom([]string{
			"aws_vpc", "aws_s3_bucket", "aws_iam_policy", "aws_iam_role_policy_attachment", "aws_cloudwatch_log_group",
			"aws_vpc_security_group_ingress_rule", "aws_kinesis_stream", "aws_s3_bucket_public_access_block",
		}).Draw(t, "type"),
		Region: rapid.SampledFrom([]string{"", "us-east-1", "eu-west-1"}).Draw(t, "region"),
		Action: rapid.SampledFrom([]aegis.Action{aegis.ActionCreate, aegis.ActionUpdate, aegis.ActionReplace, aegis.ActionDelete}).Draw(t, "action"),
		Before: drawValues(t), After: drawValues(t),
	}
}

func drawValues(t *rapid.T) values {
	return values{
		"cidr_ipv4":         rapid.SampledFrom([]string{"10.0.0.0/8", "0.0.0.0/0"}).Draw(t, "cidr"),
		"retention_in_days": float64(rapid.IntRange(0, 400).Draw(t, "days")),
		"policy":            rapid.SampledFrom([]string{"", "{", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`}).Draw(t, "policy"),
	}
}

func TestWholeDiffAndAnyPartOfItIsCovered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		diff := rapid.SliceOfNDistinct(rapid.Custom(drawChange), 0, 8, func(c aegis.ResourceChange) string { return c.StackID + c.Address + c.Type }).Draw(t, "diff")
		part := rapid.SliceOfN(rapid.IntRange(0, max(len(diff)-1, 0)), 0, 4).Draw(t, "part")
		plan := aegis.Plan{}
		for _, i := range part {
			if i < len(diff) {
				plan.Changes = append(plan.Changes, diff[i])
			}
		}
		require.Empty(t, uncovered(plan, diff))
		require.Equal(t, diff, invert(invert(diff)), "inverting twice is nothing")
	})
}
