package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/aegisworld/aegis"
)

// nameAttributes hold what people and APIs call a resource by, the first that
// is set.
func nameAttributes() []string {
	return []string{
		"name", "bucket", "function_name", "node_group_name", "identifier", "cluster_identifier", "global_cluster_identifier",
		"alarm_name", "policy_name", "repository_name", "domain_name", "fargate_profile_name",
	}
}

// parentAttributes hold what a resource belongs to.
func parentAttributes() []string {
	return []string{
		"security_group_id", "route_table_id", "role", "user", "users", "group", "groups", "policy_arn", "bucket", "cluster_name",
		"cluster_identifier", "function_name", "topic_arn", "queue_url", "rule", "zone_id", "key_id", "table_name", "repository",
		"repository_name", "secret_id", "detector_id", "network_acl_id", "autoscaling_group_name", "load_balancer_arn", "listener_arn",
		"target_group_arn", "stream_arn", "instance_id", "volume_id", "resource_arn", "internet_gateway_id", "global_cluster_identifier",
		"db_instance_identifier", "snapshot_id", "image_id", "vpc_id", "subnet_id", "arn",
	}
}

// securityGroup may have its rules inline.
const securityGroup = "aws_security_group"

// maxIndexed is the longest identifier that is indexed, in bytes.
const maxIndexed = 2048

// indexed describes a resource by its attributes, by Terraform's names. region
// is what it is in when its ARN does not say.
func indexed(stackID, address, tfType, id, region string, attributes map[string]any) aegis.IndexedResource {
	text := func(name string) string {
		s, _ := attributes[name].(string)
		if len(s) > maxIndexed || s == aegis.Masked {
			return ""
		}
		return s
	}
	r := aegis.IndexedResource{
		StackID: stackID, Address: address, Type: tfType, ID: cmp.Or(id, text("id")), ARN: text("arn"), Parents: []string{},
	}
	if !strings.HasPrefix(r.ARN, "arn:") {
		r.ARN = ""
	}
	if strings.HasPrefix(r.ID, "arn:") && r.ARN == "" {
		r.ARN = r.ID
	}
	for _, name := range nameAttributes() {
		if r.Name = text(name); r.Name != "" {
			break
		}
	}
	r.Region = regionOf(r, region)
	for _, name := range parentAttributes() {
		for _, parent := range append(texts(attributes[name]), text(name)) {
			r.Parents = append(r.Parents, parent)
			if name != "arn" && strings.HasPrefix(parent, "arn:") {
				r.Parents = append(r.Parents, parent[strings.LastIndexAny(parent, "/:")+1:])
			}
		}
	}
	if tfType == securityGroup {
		r.Inline = inlineRules(attributes)
	}
	own := []string{"", r.ID, r.ARN}
	r.Parents = slices.DeleteFunc(unique(r.Parents), func(p string) bool { return slices.Contains(own, p) })
	return r
}

// inlineRules are the attributes of a security group that hold rules.
func inlineRules(attributes map[string]any) []string {
	var found []string
	for _, name := range []string{"egress", "ingress"} {
		if rules, ok := attributes[name].([]any); ok && len(rules) > 0 {
			found = append(found, name)
		}
	}
	return found
}

// texts are the strings of a list, at most a hundred.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list[:min(len(list), 100)] {
		if s, ok := x.(string); ok && len(s) <= maxIndexed {
			out = append(out, s)
		}
	}
	return out
}

// regionOf is the region that an ARN names, "" for services without regions.
func regionOf(r aegis.IndexedResource, otherwise string) string {
	for _, prefix := range []string{"aws_iam_", "aws_route53_", "aws_cloudfront_", "aws_globalaccelerator_", "aws_organizations_"} {
		if strings.HasPrefix(r.Type, prefix) {
			return ""
		}
	}
	if parts := strings.SplitN(r.ARN, ":", 6); len(parts) == 6 && parts[3] != "" {
		return parts[3]
	}
	return otherwise
}

// index describes what a Pulumi state manages.
func (d deployment) index(stack aegis.Stack) []aegis.IndexedResource {
	found := []aegis.IndexedResource{}
	for _, r := range d.Resources {
		if r.Custom && !r.External && !r.Delete && !strings.HasPrefix(string(r.Type), "pulumi:") {
			found = append(found, indexedPulumi(stack, string(r.URN), string(r.Type), string(r.ID), r.Outputs))
		}
	}
	return found
}

// index describes the managed resources of a run that was about all of them:
// as the state had them before, or else as they became.
func (r *recording) index() []aegis.IndexedResource {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := []aegis.IndexedResource{}
	for _, m := range r.done {
		gone := m.Op == apitype.OpDelete && !r.dryRun
		if !managed(m) || gone {
			continue
		}
		state := m.New
		if state == nil || r.dryRun && m.Old != nil {
			state = m.Old
		}
		found = append(found, indexedPulumi(r.run.Stack, m.URN, m.Type, state.ID, state.Outputs))
	}
	slices.SortFunc(found, func(a, b aegis.IndexedResource) int { return cmp.Compare(a.Address, b.Address) })
	return found
}

func indexedPulumi(stack aegis.Stack, urn, token, id string, outputs map[string]any) aegis.IndexedResource {
	tfType := terraformType(token)
	attributes := make(map[string]any, len(outputs))
	for name, value := range outputs {
		attributes[attributeName(tfType, name)] = value
	}
	return indexed(stack.StackID, addressOf(urn), tfType, id, stack.Region, attributes)
}

// index describes what a Terraform state manages. A workspace may have several
// regions, so only what a resource says of its own counts.
func (s tfState) index(stack aegis.Stack) []aegis.IndexedResource {
	found := []aegis.IndexedResource{}
	for _, r := range s.Resources {
		for _, i := range r.Instances {
			if r.Mode != "managed" || i.Deposed != "" {
				continue
			}
			var attributes map[string]any
			if json.Unmarshal(i.Attributes, &attributes) != nil {
				continue // the state file of another version
			}
			region, _ := attributes["region"].(string)
			found = append(found, indexed(stack.StackID, instanceAddress(r.Module, r.Mode, r.Type, r.Name, i.IndexKey),
				r.Type, "", region, attributes))
		}
	}
	return found
}
