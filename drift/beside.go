package drift

import (
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// keysOf are the keys by which an index finds what may manage the resources,
// or their parents.
func keysOf(found []aegis.CloudResource) []string {
	var keys []string
	for _, r := range found {
		keys = append(keys, r.ID)
		if r.ParentID != "" {
			keys = append(keys, r.ParentID)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// beside are the resources that no one in the index is, each with the stack and
// the address of its parent. Parts of what nobody manages are left out: they are
// their owner's. So are rules of a VPC's default group, which engines see, and
// instances of Auto Scaling groups.
func beside(found []aegis.CloudResource, index []aegis.IndexedResource) []aegis.CloudResource {
	byKey := map[string][]aegis.IndexedResource{}
	for _, m := range index {
		for _, key := range m.Keys() {
			byKey[key] = append(byKey[key], m)
		}
	}
	out := []aegis.CloudResource{}
	for _, r := range found {
		if r.ParentType == "aws_autoscaling_group" {
			continue
		}
		near := slices.Concat(byKey[r.ID], byKey[r.ParentID])
		if slices.ContainsFunc(near, func(m aegis.IndexedResource) bool { return is(r, m) }) {
			continue
		}
		parent := slices.IndexFunc(near, func(m aegis.IndexedResource) bool { return holds(m, r) })
		switch {
		case parent >= 0:
			if near[parent].Type == "aws_default_security_group" {
				continue
			}
			r.StackID, r.ParentAddress = near[parent].StackID, near[parent].Address
		case r.ParentType != "" && !standsAlone(r):
			continue
		}
		out = append(out, r)
	}
	return out
}

// standsAlone says that a part is worth a report whoever owns the whole.
func standsAlone(r aegis.CloudResource) bool {
	return r.Type == "aws_iam_access_key" || r.Type == "aws_snapshot_create_volume_permission"
}

// is says that the stack's resource is this one. An attachment has no id of its
// own: it is what it joins.
func is(r aegis.CloudResource, m aegis.IndexedResource) bool {
	if !sameRegion(r, m) || !sameKind(r.Type, m.Type) {
		return false
	}
	if r.ID == m.ID || r.ID == m.ARN {
		return true
	}
	if arn, ok := r.Attributes["policy_arn"].(string); ok && strings.HasSuffix(r.Type, "_attachment") {
		return slices.Contains(m.Parents, r.ParentID) && slices.Contains(m.Parents, arn)
	}
	return isRule(r.Type) && slices.Contains(m.Parents, r.ID)
}

func sameKind(a, b string) bool { return a == b || isRule(a) && isRule(b) }

func isRule(kind string) bool {
	switch kind {
	case "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule", "aws_security_group_rule":
		return true
	default:
		return false
	}
}

// holds says that the resource is a part of the stack's.
func holds(m aegis.IndexedResource, r aegis.CloudResource) bool {
	if r.ParentType == "" || !sameRegion(r, m) {
		return false
	}
	group := r.ParentType == "aws_security_group" && m.Type == "aws_default_security_group"
	return (m.Type == r.ParentType || group) && (m.ID == r.ParentID || m.Name == r.ParentID)
}

func sameRegion(r aegis.CloudResource, m aegis.IndexedResource) bool {
	return r.Region == "" || m.Region == "" || r.Region == m.Region
}
