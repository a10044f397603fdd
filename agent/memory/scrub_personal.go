package memory

import (
	"regexp"
	"strings"
)

// Patterns of personal data.
var (
	emails = regexp.MustCompile(`(?i)(?:"[^"\n]{1,64}"|[\p{L}\p{N}.!#$%'*+^_{|}~-]+)(?:@|%40)(?:[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+|\[[0-9a-f.:ipv]+\])`)
	// A number of the whole world, one in groups as in North America, one with a
	// national zero, and any number that is called one.
	phones = regexp.MustCompile(`(?:\+|\b00)[1-9](?:[ ./()-]{0,3}\d){6,14}\b|` +
		`(?:\b1[ .-])?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|` +
		`(?:\b|\()0\d{1,4}\)?[ /-]\d{5,9}\b`)
	calledPhones = regexp.MustCompile(`(?i)\b((?:tel|telephone|phone|mobile|cell|fax|call|whatsapp|sms)(?:[ \t]*(?:number|no\.?|nr\.?|me|us|him|her|them|at|on|is|:|=|#|\.))*[ \t]*["']?)` +
		`(\+?\(?\d(?:[ ./()-]{0,3}\d){6,14})\b`)
	digitRuns = regexp.MustCompile(`\d(?:[ -]?\d){12,}`)
)

func scrubEmails(text string) string { return emails.ReplaceAllString(text, markEmail) }

func scrubPhones(text string) string {
	text = calledPhones.ReplaceAllString(text, "${1}"+markPhone)
	return phones.ReplaceAllString(text, markPhone)
}

// scrubCards takes out runs of 13 to 19 digits, in groups or not, that begin and
// pass the check as card numbers do.
func scrubCards(text string) string {
	return digitRuns.ReplaceAllStringFunc(text, func(run string) string {
		var out strings.Builder
		for i := 0; i < len(run); {
			if n := cardAt(run, i); n > 0 {
				out.WriteString(markCard)
				i += n
				continue
			}
			out.WriteByte(run[i])
			i++
		}
		return out.String()
	})
}

const shortestCard, longestCard = 13, 19

// cardAt is the length of a card number that begins at i, where a group begins,
// and ends with a group; 0 when there is none. The longest counts.
func cardAt(run string, i int) int {
	if i > 0 && isDigit(run[i-1]) || run[i] < '2' || run[i] > '6' {
		return 0
	}
	digits, length := make([]byte, 0, longestCard), 0
	for j := i; j < len(run) && len(digits) < longestCard; j++ {
		if !isDigit(run[j]) {
			continue
		}
		digits = append(digits, run[j]-'0')
		if len(digits) >= shortestCard && (j+1 == len(run) || !isDigit(run[j+1])) && luhn(digits) {
			length = j + 1 - i
		}
	}
	return length
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// luhn is the check of ISO/IEC 7812-1, annex B.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
