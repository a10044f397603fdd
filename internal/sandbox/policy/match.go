package policy

import "strings"

// wild matches a pattern in which * is any run of characters and ? is any one.
// It takes time in the product of both lengths at most.
func wild(pattern, s string) bool {
	var p, i int
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesAction compares without regard to case, as IAM does.
func matchesAction(patterns []string, action string) bool {
	action = strings.ToLower(action)
	for _, pattern := range patterns {
		if wild(strings.ToLower(pattern), action) {
			return true
		}
	}
	return false
}

// Unknown is the resource of a call whose resource the sandbox can't tell. It
// matches every pattern.
const Unknown = "*"

func matchesResource(patterns []string, resource string, ctx Context) bool {
	for _, pattern := range patterns {
		expanded, ok := ctx.expand(pattern)
		if ok && wild(expanded, resource) {
			return true
		}
	}
	return false
}
