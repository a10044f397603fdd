package memory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxText bounds a memory's text, in bytes.
	maxText = 8 << 10
	// maxRaw bounds what is read of a text before it is scrubbed, in bytes.
	maxRaw = 64 << 10
)

// Marks stand for what was taken out of a text.
const (
	markPrivateKey  = "[private_key]"
	markJWT         = "[jwt]"
	markAWSKey      = "[aws_key]"
	markToken       = "[token]"
	markCredentials = "[credentials]"
	markSecret      = "[secret]"
	markCard        = "[card]"
	markEmail       = "[email]"
	markPhone       = "[phone]"
)

// Scrub makes a text fit to be kept: secrets (private keys, AWS keys, tokens,
// passwords in URLs and in pairs of name and value, and what looks random beside a
// word such as "secret") and personal data (e-mail addresses, phone numbers, card
// numbers) become typed marks such as "[email]", control and invisible characters
// go, compatibility forms become plain ones (NFKC), and what is beyond 8 KiB is
// cut. IP addresses stay. Scrubbing again changes nothing.
func Scrub(text string) string {
	if len(text) > maxRaw {
		text = cutBytes(text, maxRaw)
		// Half a secret would not be known for one.
		text = text[:strings.LastIndexFunc(text, unicode.IsSpace)+1]
	}
	text = ScrubSecrets(text)
	for _, step := range []func(string) string{scrubCards, scrubEmails, scrubPhones} {
		text = step(text)
	}
	return strings.TrimSpace(cutBytes(text, maxText))
}

// ScrubSecrets is Scrub for what is read once and not kept: secrets become marks,
// control and invisible characters go. Personal data stays, and so does the length.
func ScrubSecrets(text string) string {
	text = plain(text)
	for _, step := range []func(string) string{scrubPrivateKeys, scrubTokens, scrubURLs, scrubPairs, scrubProse, scrubBlobs} {
		text = step(text)
	}
	return text
}

// SecretName says that a name, as of a member of a JSON object, is one whose value is
// secret whatever it looks like, such as "db_password".
func SecretName(name string) bool { return finalNames.MatchString(name) }

// plain has no characters that hide what a text says. Line breaks and tabs stay.
func plain(text string) string {
	text = strings.Map(visible, strings.ToValidUTF8(text, ""))
	text = norm.NFKC.String(text)
	// What stood apart may have been joined, and be nothing to see.
	return norm.NFKC.String(strings.Map(visible, text))
}

func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
		return '\n'
	case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector), r == utf8.RuneError:
		return -1
	default:
		return r
	}
}

// cutBytes is at most n bytes of s, cut between runes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
