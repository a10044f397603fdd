package rollout

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// exposes says that a change opens something to everyone that was not open.
func exposes(c aegis.ResourceChange) bool {
	if c.Type == "aws_s3_bucket_public_access_block" {
		return c.Action == aegis.ActionDelete || blocksLess(c)
	}
	if c.Action == aegis.ActionDelete {
		return false
	}
	if isTrue(c.After["publicly_accessible"]) && !isTrue(c.Before["publicly_accessible"]) {
		return true
	}
	return admitsWorld(c.Type, c.After) && !admitsWorld(c.Type, c.Before)
}

func blocksLess(c aegis.ResourceChange) bool {
	for _, field := range []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"} {
		if !isTrue(c.After[field]) && (c.Before == nil || isTrue(c.Before[field])) {
			return true
		}
	}
	return false
}

// admitsWorld says that a security group, or a rule of one, lets any address
// in.
func admitsWorld(kind string, values map[string]any) bool {
	switch kind {
	case "aws_security_group", "aws_default_security_group":
		return containsWorld(plain(map[string]any{"ingress": values["ingress"]}))
	case "aws_security_group_rule":
		return values["type"] != "egress" && containsWorld(plain(values))
	case "aws_vpc_security_group_ingress_rule":
		return containsWorld(plain(values))
	default:
		return false
	}
}

func containsWorld(value any) bool {
	switch v := value.(type) {
	case string:
		return v == "0.0.0.0/0" || v == "::/0"
	case []any:
		return slices.ContainsFunc(v, containsWorld)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), containsWorld)
	default:
		return false
	}
}

func isTrue(value any) bool { b, ok := value.(bool); return ok && b }

// widensAccess says that a change grants what was not granted: a policy with
// new permissions or principals, or one more attachment. A policy that can't
// be read is taken for a wider one.
func widensAccess(c aegis.ResourceChange) bool {
	if c.Action == aegis.ActionDelete {
		return false
	}
	if strings.HasPrefix(c.Type, "aws_iam_") && strings.HasSuffix(c.Type, "_attachment") {
		return true
	}
	for _, field := range policyFields(c.Type) {
		if wider(c.Before[field], c.After[field], unknownField(c, field)) {
			return true
		}
	}
	return false
}

func policyFields(kind string) []string {
	switch kind {
	case "aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy",
		"aws_kms_key", "aws_s3_bucket_policy", "aws_sns_topic", "aws_sns_topic_policy", "aws_sqs_queue", "aws_sqs_queue_policy":
		return []string{"policy"}
	case "aws_iam_role":
		return []string{"assume_role_policy", "inline_policy", "managed_policy_arns"}
	default:
		return nil
	}
}

func unknownField(c aegis.ResourceChange, field string) bool { return isUnknown(field, c.Unknown) }

func wider(before, after any, unknown bool) bool {
	if unknown {
		return true
	}
	old, _ := grants(before)
	granted, readable := grants(after)
	if !readable {
		return true
	}
	for grant := range granted {
		if !old[grant] {
			return true
		}
	}
	return false
}

// grants lists what a policy allows as "principal action resource" triples. A
// value that is no policy document is one grant by itself.
func grants(value any) (set map[string]bool, readable bool) {
	set = map[string]bool{}
	switch v := value.(type) {
	case nil:
		return set, true
	case string:
		return set, v == "" || addDocument(set, v)
	default:
		data, err := json.Marshal(v)
		if err == nil && string(data) != "[]" {
			set[string(data)] = true
		}
		return set, err == nil
	}
}

func addDocument(set map[string]bool, document string) bool {
	var doc struct {
		Statement json.RawMessage `json:"Statement"`
	}
	if json.Unmarshal([]byte(document), &doc) != nil {
		return false
	}
	type statement struct {
		Effect                                   string
		Action, NotAction, Resource, NotResource any
		Principal, NotPrincipal, Condition       any
	}
	var statements []statement
	if json.Unmarshal(doc.Statement, &statements) != nil {
		var one statement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return false
		}
		statements = []statement{one}
	}
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		who, _ := json.Marshal([]any{s.Principal, s.NotPrincipal, s.Condition, s.NotAction, s.NotResource})
		for _, action := range listed(s.Action) {
			for _, resource := range listed(s.Resource) {
				set[string(who)+" "+action+" "+resource] = true
			}
		}
	}
	return true
}

// listed is a policy's "one or many" as a list; absent is one empty entry.
func listed(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, 0, len(v))
		for _, member := range v {
			text, _ := member.(string)
			out = append(out, text)
		}
		return out
	default:
		return []string{""}
	}
}
