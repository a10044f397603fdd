package memory

import (
	"math"
	"regexp"
	"strings"
	"unicode"
)

// Patterns of secrets that show by themselves. Regular expressions of this
// language take linear time.
var (
	// A key without its end goes to the end of the text.
	privateKeys = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)`)
	jwts        = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}`)
	awsKeys     = regexp.MustCompile(`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}`)
	// The prefixes that vendors give their tokens.
	tokens = regexp.MustCompile(`aegis_[A-Za-z0-9_-]{6,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|` +
		`xox[abeprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|sk-[A-Za-z0-9_-]{16,}|[rsp]k_(?:live|test)_[A-Za-z0-9]{8,}|AIza[A-Za-z0-9_-]{30,}|` +
		`ya29\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{20,}|pul-[0-9a-f]{20,}|hf_[A-Za-z0-9]{20,}|dop_v1_[0-9a-f]{20,}|whsec_[A-Za-z0-9+/=_-]{8,}|` +
		`hv[sbr]\.[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|FwoGZXIvYXdz[A-Za-z0-9+/=]*|IQoJb3JpZ2lu[A-Za-z0-9+/=]*`)
	authorizations = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate)[ \t]+([A-Za-z0-9._~+/=-]{6,})`)
	userInfo       = regexp.MustCompile(`://[^\s"'<>@]*:[^\s"'<>]*@|://[^\s/"'<>@]+@`)
	secretWords    = regexp.MustCompile(`(?i)\b((?:secret|token|password|passwd|passphrase|pwd|credential|key)s?)\b((?:[ \t]+(?:is|was|are|were|of|to|with|now|it's))*[ \t]+["'` + "`" + `(]*)([^\s"'` + "`" + `)]+)`)
	blobs          = regexp.MustCompile(`[A-Za-z0-9+/_-]{40,}={0,2}`)
)

func scrubPrivateKeys(text string) string { return privateKeys.ReplaceAllString(text, markPrivateKey) }

func scrubTokens(text string) string {
	text = jwts.ReplaceAllString(text, markJWT)
	text = awsKeys.ReplaceAllString(text, markAWSKey)
	text = tokens.ReplaceAllString(text, markToken)
	return authorizations.ReplaceAllStringFunc(text, func(match string) string {
		parts := authorizations.FindStringSubmatch(match)
		if !random(parts[2], 6) {
			return match // "basic networking"
		}
		return parts[1] + " " + markToken
	})
}

func scrubURLs(text string) string {
	return userInfo.ReplaceAllString(text, "://"+markCredentials+"@")
}

// scrubProse takes out what follows a word such as "password" and looks random.
func scrubProse(text string) string {
	return replaceParts(text, secretWords, func(parts []string) string {
		value := strings.TrimRight(parts[3], ".,;:!?")
		if strings.HasPrefix(value, "[") || !random(value, 6) {
			return parts[0]
		}
		return parts[1] + parts[2] + markSecret + parts[3][len(value):]
	})
}

// scrubBlobs takes out long runs that look like base64 of random bytes, such as an
// AWS secret access key.
func scrubBlobs(text string) string {
	return blobs.ReplaceAllStringFunc(text, func(run string) string {
		lower, upper, digits := classes(run)
		if lower < 4 || upper < 4 || digits < 1 || entropy(run) < 4.2 {
			return run
		}
		return markSecret
	})
}

// replaceParts replaces each match by what replace makes of its groups.
func replaceParts(text string, re *regexp.Regexp, replace func(parts []string) string) string {
	return re.ReplaceAllStringFunc(text, func(match string) string {
		if parts := re.FindStringSubmatch(match); parts != nil {
			return replace(parts)
		}
		return match
	})
}

// random says that a word of at least so many bytes is none that people write:
// letters with digits or signs between them, or a long run of many letters.
func random(word string, least int) bool {
	if len(word) < least || strings.HasPrefix(word, "arn:") {
		return false
	}
	lower, upper, digits := classes(word)
	letters := lower + upper
	signs := len(word) - letters - digits - strings.Count(word, "-") - strings.Count(word, "/") - strings.Count(word, "_") - strings.Count(word, ".")
	switch {
	case digits > 0 && letters > 0, digits >= 8, signs > 0 && letters > 0:
		return true
	case lower > 1 && upper > 1 && mixedCase(word):
		return true
	default:
		return len(word) >= 20 && entropy(word) >= 3
	}
}

// mixedCase says that upper case stands where no word begins.
func mixedCase(word string) bool {
	changes, previous := 0, rune(0)
	for _, r := range word {
		if unicode.IsUpper(r) && unicode.IsLower(previous) {
			changes++
		}
		previous = r
	}
	return changes > 1
}

func classes(word string) (lower, upper, digits int) {
	for _, r := range word {
		switch {
		case unicode.IsLower(r):
			lower++
		case unicode.IsUpper(r):
			upper++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return lower, upper, digits
}

// entropy is Shannon's, in bits for each byte.
func entropy(word string) float64 {
	var counts [256]int
	for i := range len(word) {
		counts[word[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(word))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
