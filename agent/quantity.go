package agent

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// most bounds quantities, so that arithmetic on them can't overflow; every
// parameter's own bound is far below.
const most = 1_000_000_000

// numberWord is the value of a number word.
func numberWord(word string) (int, bool) {
	switch word {
	case "no", "zero":
		return 0, true
	case "one", "single":
		return 1, true
	case "two", "couple", "pair":
		return 2, true
	case "three":
		return 3, true
	case "four":
		return 4, true
	case "five":
		return 5, true
	case "six":
		return 6, true
	case "seven":
		return 7, true
	case "eight":
		return 8, true
	case "nine":
		return 9, true
	case "ten":
		return 10, true
	case "eleven":
		return 11, true
	case "twelve", "dozen":
		return 12, true
	case "thirteen":
		return 13, true
	case "fourteen":
		return 14, true
	case "fifteen":
		return 15, true
	case "sixteen":
		return 16, true
	case "seventeen":
		return 17, true
	case "eighteen":
		return 18, true
	case "nineteen":
		return 19, true
	case "twenty":
		return 20, true
	case "thirty":
		return 30, true
	case "forty":
		return 40, true
	case "fifty":
		return 50, true
	case "sixty":
		return 60, true
	case "seventy":
		return 70, true
	case "eighty":
		return 80, true
	case "ninety":
		return 90, true
	default:
		return 0, false
	}
}

// parseCount reads a whole number at the beginning of tokens, in digits or
// words, and says how many tokens it took; 0 is none.
func parseCount(tokens []token) (value, taken int) {
	if len(tokens) == 0 || tokens[0].word == "" {
		return 0, 0
	}
	if n, ok := digits(tokens[0].word); ok {
		return n, 1
	}
	n, ok := wordNumber(tokens[0].word)
	if !ok {
		return 0, 0
	}
	taken = 1
	if n >= 20 && n%10 == 0 && len(tokens) > 1 {
		if unit, ok := wordNumber(tokens[1].word); ok && unit > 0 && unit < 10 {
			n, taken = n+unit, 2
		}
	}
	if len(tokens) > taken && tokens[taken].word == "hundred" {
		n, taken = n*100, taken+1
	}
	if len(tokens) > taken && tokens[taken].word == "of" && (tokens[0].word == "couple" || tokens[0].word == "pair") {
		taken++
	}
	return n, taken
}

func wordNumber(word string) (int, bool) {
	if n, ok := numberWord(word); ok {
		return n, true
	}
	tens, unit, ok := strings.Cut(word, "-")
	if !ok {
		return 0, false
	}
	t, _ := numberWord(tens)
	u, _ := numberWord(unit)
	return t + u, t >= 20 && t%10 == 0 && u > 0 && u < 10
}

func isNumber(s string) bool {
	_, ok := digits(strings.TrimLeft(strings.TrimRight(s, ".,"), "$"))
	return ok && !strings.HasSuffix(s, ",")
}

// digits reads "4" and "1,000"; a number too large becomes most.
func digits(s string) (int, bool) {
	if groups := strings.Split(s, ","); len(groups) > 1 {
		if slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }) {
			return 0, false
		}
		s = strings.Join(groups, "")
	}
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > most {
		return most, true
	}
	return n, true
}

// parsePercent reads "60%", "60 %" and "60 percent"; the sign is needed.
func parsePercent(tokens []token) (value, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	if number, ok := strings.CutSuffix(tokens[0].word, "%"); ok {
		if n, ok := digits(number); ok {
			return n, 1
		}
	}
	n, taken := parseCount(tokens)
	if taken == 0 || len(tokens) == taken {
		return 0, 0
	}
	switch tokens[taken].word {
	case "%", "percent", "pct":
		return n, taken + 1
	case "per":
		if len(tokens) > taken+1 && tokens[taken+1].word == "cent" {
			return n, taken + 2
		}
	}
	return 0, 0
}

const day = 24 * time.Hour

// unitOf is the length of a unit of time: a month is 30 days, a year 365.
func unitOf(word string) (time.Duration, bool) {
	switch word {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour, true
	case "d", "day", "days":
		return day, true
	case "w", "week", "weeks":
		return 7 * day, true
	case "fortnight", "fortnights":
		return 14 * day, true
	case "mo", "month", "months":
		return 30 * day, true
	case "quarter", "quarters":
		return 90 * day, true
	case "y", "yr", "year", "years":
		return 365 * day, true
	default:
		return 0, false
	}
}

// maxDuration bounds durations at some 290 years, as time.Duration does.
const maxDuration = time.Duration(math.MaxInt64)

// parseDuration reads "90 days", "90d", "90-day", "twelve weeks" and "year".
func parseDuration(tokens []token) (value time.Duration, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	if number, unit, ok := attached(tokens[0].word); ok {
		if length, ok := unitOf(unit); ok {
			return times(number, length), 1
		}
	}
	if length, ok := unitOf(tokens[0].word); ok && len(tokens[0].word) > 2 {
		return length, 1
	}
	n, taken := parseCount(tokens)
	if taken == 0 || len(tokens) == taken {
		return 0, 0
	}
	length, ok := unitOf(tokens[taken].word)
	if !ok {
		return 0, 0
	}
	return times(n, length), taken + 1
}

func times(n int, length time.Duration) time.Duration {
	if n > 0 && time.Duration(n) > maxDuration/length {
		return maxDuration
	}
	return time.Duration(n) * length
}

// attached splits "90d", "90-day" and "50gib" into number and unit.
func attached(word string) (number int, unit string, ok bool) {
	i := strings.IndexFunc(word, func(r rune) bool { return r < '0' || r > '9' })
	if i <= 0 {
		return 0, "", false
	}
	number, ok = digits(word[:i])
	return number, strings.TrimPrefix(word[i:], "-"), ok
}

// parseSize reads "50 GiB", "50gb" and "1 TiB" in GiB; GB means GiB.
func parseSize(tokens []token) (gib, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	if number, unit, ok := attached(tokens[0].word); ok {
		if scale := sizeUnit(unit); scale > 0 {
			return min(number*scale, most), 1
		}
	}
	n, taken := parseCount(tokens)
	if taken == 0 || len(tokens) == taken || sizeUnit(tokens[taken].word) == 0 {
		return 0, 0
	}
	return min(n*sizeUnit(tokens[taken].word), most), taken + 1
}

func sizeUnit(word string) int {
	switch word {
	case "g", "gb", "gib", "gig", "gigs", "gigabyte", "gigabytes", "gibibyte", "gibibytes":
		return 1
	case "t", "tb", "tib", "terabyte", "terabytes", "tebibyte", "tebibytes":
		return 1024
	default:
		return 0
	}
}

// parseFactor reads "2x", "x2", "2 times", "twice" and "a factor of 2".
func parseFactor(tokens []token) (factor float64, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	word := tokens[0].word
	switch word {
	case "twice":
		return 2, 1
	case "thrice":
		return 3, 1
	case "factor":
		if len(tokens) > 2 && tokens[1].word == "of" {
			if f, ok := decimal(tokens[2].word); ok {
				return f, 3
			}
		}
		return 0, 0
	}
	for _, number := range []string{strings.TrimSuffix(word, "x"), strings.TrimPrefix(word, "x"), strings.TrimSuffix(word, "×")} {
		if f, ok := decimal(number); ok && number != word {
			return f, 1
		}
	}
	if n, taken := parseCount(tokens); taken > 0 && len(tokens) > taken &&
		slices.Contains([]string{"times", "x", "×", "fold"}, tokens[taken].word) {
		return float64(n), taken + 1
	}
	return 0, 0
}

// decimal reads a positive number such as "1.5" of at most six digits.
func decimal(s string) (float64, bool) {
	if len(s) > 6 || strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f > 0
}

// parseMoney reads "$100", "100 dollars" and "100 usd" in US dollars.
func parseMoney(tokens []token) (usd float64, taken int) {
	if len(tokens) == 0 {
		return 0, 0
	}
	word := tokens[0].word
	number, signed := strings.CutPrefix(word, "$")
	number, slashed := strings.CutSuffix(number, "/month")
	f, ok := amount(number)
	if n, taken := parseCount(tokens); !ok && taken > 0 && len(tokens) > taken && slices.Contains([]string{"dollar", "dollars", "usd"}, tokens[taken].word) {
		return float64(n), taken + 1 + monthly(tokens[taken+1:], false)
	}
	switch {
	case !ok:
		return 0, 0
	case signed:
		return f, 1 + monthly(tokens[1:], slashed)
	case len(tokens) > 1 && slices.Contains([]string{"usd", "dollars", "dollar", "usd/month", "dollars/month"}, tokens[1].word):
		return f, 2 + monthly(tokens[2:], slashed)
	default:
		return 0, 0
	}
}

func amount(s string) (float64, bool) {
	if n, ok := digits(s); ok {
		return float64(n), true
	}
	return decimal(s)
}

// monthly counts the tokens of "a month", "per month" or "monthly".
func monthly(tokens []token, said bool) int {
	switch {
	case said || len(tokens) == 0:
		return 0
	case tokens[0].word == "monthly" || tokens[0].word == "month" || tokens[0].word == "/month":
		return 1
	case len(tokens) > 1 && tokens[0].word == "per" && tokens[1].word == "month":
		return 2
	default:
		return 0
	}
}
