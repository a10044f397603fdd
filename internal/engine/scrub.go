package engine

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// scrub masks the given secrets and whatever looks like a credential.
func scrub(s string, secrets []string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, aegis.Masked)
	}
	for _, re := range []*regexp.Regexp{
		regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}\b`),
		regexp.MustCompile(`(?i)((?:password|passphrase|secret|token)["']?\s*[:=]\s*["']?)[^\s"',;]+`),
		regexp.MustCompile(`(://[^/\s:@]+:)[^@\s/]+(@)`),
		// The CLI shows the values of secrets here.
		regexp.MustCompile(`(violates plan: properties changed: )[^\n]+`),
	} {
		s = re.ReplaceAllString(s, "${1}"+aegis.Masked+"${2}")
	}
	return s
}

// secretValues are the strings of a spec that are secret: those whose names say
// so, and, when it is known what the plan shows openly, those that it does not
// show. The longest come first.
func secretValues(spec aegis.Spec, open string) []string {
	var v any
	if json.Unmarshal(spec.Parameters, &v) != nil {
		return nil
	}
	var found []string
	collectSecrets(v, false, &found)
	if open != "" {
		var all []string
		collectSecrets(v, true, &all)
		for _, s := range all {
			if quoted, err := json.Marshal(s); err == nil && !strings.Contains(open, string(quoted[1:len(quoted)-1])) {
				found = append(found, s)
			}
		}
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}

func collectSecrets(v any, secret bool, found *[]string) {
	switch v := v.(type) {
	case string:
		if secret && len(v) >= 4 {
			*found = append(*found, v)
		}
	case []any:
		for _, x := range v {
			collectSecrets(x, secret, found)
		}
	case map[string]any:
		for k, x := range v {
			collectSecrets(x, secret || secretName(k), found)
		}
	}
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"password", "passphrase", "secret", "token", "private_key", "api_key", "credential"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
