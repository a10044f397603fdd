package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"github.com/aegisworld/aegis"
)

// normaliser turns serialised Pulumi properties into Terraform-style ones:
// names in snake_case, secrets masked, unknown values left out.
type normaliser struct {
	tfType             string
	unknown, sensitive []string
}

func (n *normaliser) object(in map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range in {
		if k == "__defaults" || k == "__meta" {
			continue
		}
		name := attributeName(n.tfType, k)
		n.set(out, name, name, v)
	}
	return out
}

// set puts the normalised v into out, unless it is unknown or null.
func (n *normaliser) set(out map[string]any, key, path string, v any) {
	if v = n.value(path, v); v != nil {
		out[key] = v
	}
}

func (n *normaliser) value(path string, v any) any {
	switch v := v.(type) {
	case string:
		if isUnknown(v) {
			n.unknown = append(n.unknown, path)
			return nil
		}
		if alwaysSecret(n.tfType, path) && v != "" {
			n.sensitive = append(n.sensitive, path)
			return aegis.Masked
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = n.value(fmt.Sprintf("%s.%d", path, i), x)
		}
		return out
	case map[string]any:
		return n.mapping(path, v)
	default:
		return v
	}
}

func (n *normaliser) mapping(path string, v map[string]any) any {
	switch v[sig.Key] {
	case nil:
	case sig.Secret:
		n.sensitive = append(n.sensitive, path)
		return aegis.Masked
	case sig.OutputValue:
		if secret, _ := v["secret"].(bool); secret {
			n.sensitive = append(n.sensitive, path)
			return aegis.Masked
		}
		if v["value"] == nil {
			n.unknown = append(n.unknown, path)
			return nil
		}
		return n.value(path, v["value"])
	default: // assets and archives, by their hash
		return map[string]any{"hash": v["hash"]}
	}
	out := map[string]any{}
	user := userKeys(path)
	for k, x := range v {
		if k == "__defaults" {
			continue
		}
		if !user {
			k = snake(k)
		}
		n.set(out, k, path+"."+k, x)
	}
	return out
}

// isUnknown says that s stands for a value known only after the apply.
// See github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin/rpc.go.
func isUnknown(s string) bool {
	switch s {
	case "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
		"3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
		"04da6b54-80e4-46f7-96ec-b56ff0331ba9", // string
		"6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
		"030794c1-ac77-496b-92df-f27374a8bd58", // asset
		"e48ece36-62e2-4504-bad9-02848725956a", // archive
		"dd056dcd-154b-4c76-9bd3-c8f88648b5ff": // object
		return true
	default:
		return false
	}
}

// userKeys says that the keys of the map at path are the user's, not names of
// attributes.
func userKeys(path string) bool {
	last := path[strings.LastIndex(path, ".")+1:]
	return slices.Contains([]string{
		"tags", "tags_all", "default_tags", "variables", "parameters", "labels", "dimensions", "metadata",
		"environment_variables", "filter_groups", "secrets", "runtime_environment_variables", "stage_variables",
	}, last)
}

// alwaysSecret names attributes that are secret even when a read brought them
// back without a mark.
func alwaysSecret(tfType, path string) bool {
	switch path[strings.LastIndex(path, ".")+1:] {
	case "password", "master_password", "secret_string", "secret_binary", "private_key", "auth_token", "secret_access_key":
		return true
	case "value":
		return tfType == "aws_ssm_parameter"
	default:
		return false
	}
}

// snake turns camelCase into snake_case: "enableDnsHostnames" becomes
// "enable_dns_hostnames", "kmsKeyARN" "kms_key_arn".
func snake(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if !isCapital(r) {
			b.WriteRune(r)
			continue
		}
		after := i > 0 && runes[i-1] != '_' && !isCapital(runes[i-1])
		before := i > 0 && isCapital(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if after || before {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// isCapital reports whether r has a lower-case form: some upper-case letters,
// like the double-struck ones, have none.
func isCapital(r rune) bool { return unicode.ToLower(r) != r }

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
