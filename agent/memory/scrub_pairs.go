package memory

import (
	"regexp"
	"strings"
)

// pairNames finds a name that says that its value is secret, with what stands
// between it and the value, as in JSON, YAML, HCL, shells and URLs.
var pairNames = regexp.MustCompile(
	`(?i)([\w.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|credential|signature|` +
		`authorization|cookie|\bkey)[\w.-]*)(\\*["']?[ \t]*(?::=|=>|[:=]|%3[dD])[ \t]*)`)

// finalNames are names whose value is secret whatever it looks like.
var finalNames = regexp.MustCompile(
	`(?i)(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|credentials?|signature|authorization|cookie)\d*$`)

// scrubPairs takes the values of secret names out.
func scrubPairs(text string) string {
	var out strings.Builder
	done := 0
	for _, at := range pairNames.FindAllStringSubmatchIndex(text, -1) {
		if at[0] < done || inARN(text, at[0]) {
			continue
		}
		from, to := pairValue(text, at[1])
		value := text[from:to]
		if !secretValue(text[at[2]:at[3]], value) {
			continue
		}
		out.WriteString(text[done:from])
		out.WriteString(markSecret)
		done = to
	}
	return out.String() + text[done:]
}

var arns = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]*:?`)

// inARN says that a place is inside an ARN, whose parts colons separate.
func inARN(text string, at int) bool {
	word := strings.LastIndexAny(text[:at], " \t\n\"'`<>(=,") + 1
	return arns.MatchString(text[word:])
}

// secretValue says that what stands beside a name is a secret.
func secretValue(name, value string) bool {
	switch strings.ToLower(value) {
	case "", "true", "false", "null", "nil", "none", "yes", "no", "{", "[", "|", ">":
		return false
	}
	if strings.HasPrefix(value, "[") && strings.HasSuffix(value, "]") && isMark(value) {
		return false
	}
	if finalNames.MatchString(name) {
		return true
	}
	return random(value, 8) // such as secret_name, max_tokens, key
}

func isMark(value string) bool {
	switch value {
	case markPrivateKey, markJWT, markAWSKey, markToken, markCredentials, markSecret, markCard, markEmail, markPhone:
		return true
	default:
		return false
	}
}

// pairValue is where the value that begins at or after from stands, without its
// quotes.
func pairValue(text string, from int) (start, end int) {
	rest := text[from:]
	if block := blockScalar.FindString(rest); block != "" { // YAML's | and >
		from += len(block)
		rest = text[from:]
	}
	escapes := 0
	for escapes < len(rest) && rest[escapes] == '\\' {
		escapes++
	}
	if escapes == len(rest) {
		return from, len(text)
	}
	quote := rest[escapes]
	if quote != '"' && quote != '\'' && quote != '`' {
		return from, from + bareLength(rest)
	}
	start = from + escapes + 1
	return start, start + quotedLength(text[start:], quote, escapes)
}

var blockScalar = regexp.MustCompile(`^[|>][+-]?[ \t]*\n[ \t]*`)

// quotedLength is the length of a value up to its closing quote, which as many
// backslashes as at its beginning stand before; or to the end of the text.
func quotedLength(s string, quote byte, escapes int) int {
	run := 0
	for i := range len(s) {
		switch {
		case s[i] == '\\':
			run++
			continue
		case s[i] == quote && (run == escapes || escapes == 0 && run%2 == 0):
			return i - min(run, escapes)
		}
		run = 0
	}
	return len(s)
}

// bareLength is the length of a value without quotes.
func bareLength(s string) int {
	if scheme := authScheme.FindString(s); scheme != "" { // Authorization: Bearer x
		return len(scheme) + bareLength(s[len(scheme):])
	}
	if end := strings.IndexAny(s, " \t\n,;&\"'`<>"); end >= 0 {
		return end
	}
	return len(s)
}

var authScheme = regexp.MustCompile(`(?i)^(?:bearer|basic|digest|negotiate|token|aws4-hmac-sha256)[ \t]+`)
