package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestIndexed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tfType, id string
		attributes map[string]any
		want       aegis.IndexedResource
	}{
		"a rule belongs to its group": {
			"aws_vpc_security_group_ingress_rule", "sgr-1",
			map[string]any{"arn": "arn:aws:ec2:us-east-1:1:security-group-rule/sgr-1", "security_group_id": "sg-1"},
			aegis.IndexedResource{ARN: "arn:aws:ec2:us-east-1:1:security-group-rule/sgr-1", Region: "us-east-1", Parents: []string{"sg-1"}},
		},
		"an attachment belongs to its role and policy and to no region": {
			"aws_iam_role_policy_attachment", "app-2026",
			map[string]any{"role": "app", "policy_arn": "arn:aws:iam::1:policy/x"},
			aegis.IndexedResource{Parents: []string{"app", "arn:aws:iam::1:policy/x", "x"}},
		},
		"a permission is found by its function's ARN and name": {
			"aws_lambda_permission", "p",
			map[string]any{"function_name": "arn:aws:lambda:eu-west-1:1:function:f"},
			aegis.IndexedResource{Name: "arn:aws:lambda:eu-west-1:1:function:f", Region: "eu-west-1", Parents: []string{"arn:aws:lambda:eu-west-1:1:function:f", "f"}},
		},
		"an id that is an ARN is one": {
			"aws_sns_topic", "arn:aws:sns:us-east-1:1:t",
			map[string]any{"name": "t"},
			aegis.IndexedResource{ARN: "arn:aws:sns:us-east-1:1:t", Region: "us-east-1", Name: "t", Parents: []string{}},
		},
		"secrets and odd values are left out": {
			"aws_db_instance", "db",
			map[string]any{"arn": 7, "identifier": aegis.Masked, "password": "x", "name": []any{"y"}, "users": []any{"u", 1}},
			aegis.IndexedResource{Region: "eu-west-1", Parents: []string{"u"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.StackID, c.want.Address, c.want.Type, c.want.ID = "s", "a", c.tfType, c.id
			require.Equal(t, c.want, indexed("s", "a", c.tfType, c.id, "eu-west-1", c.attributes))
		})
	}
}

func TestInlineRules(t *testing.T) {
	t.Parallel()
	rules := map[string]any{"id": "sg-1", "ingress": []any{map[string]any{"from_port": 443.0}}, "egress": []any{}}
	require.Equal(t, []string{"ingress"}, indexed("s", "g", "aws_security_group", "sg-1", "eu-west-1", rules).Inline)
	require.Empty(t, indexed("s", "g", "aws_network_acl", "acl-1", "eu-west-1", rules).Inline)
	require.Empty(t, indexed("s", "g", "aws_security_group", "sg-1", "eu-west-1", map[string]any{"ingress": "?"}).Inline)
}
