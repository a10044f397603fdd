package agent

import (
	"strconv"
	"strings"
)

// clock is a time of the day, in UTC.
type clock struct{ hour, minute int }

// parseClock reads "3 am", "3am", "03:30", "5 o'clock", "noon" and "midnight", with
// "utc" behind it or without.
func parseClock(tokens []token) (at clock, taken int) {
	if len(tokens) == 0 {
		return clock{}, 0
	}
	word := tokens[0].word
	taken = 1
	switch word {
	case "noon":
		at.hour = 12
	case "midnight":
	default:
		half := ""
		for _, suffix := range []string{"am", "pm", "a.m", "p.m"} {
			if before, ok := strings.CutSuffix(word, suffix); ok && before != "" {
				word, half = before, suffix[:1]
			}
		}
		if half == "" && len(tokens) > 1 {
			switch tokens[1].word {
			case "am", "a.m", "a.m.":
				half, taken = "a", 2
			case "pm", "p.m", "p.m.":
				half, taken = "p", 2
			case "o'clock", "o’clock":
				half, taken = "-", 2
			}
		}
		var ok bool
		if at, ok = clockOf(word, half); !ok {
			return clock{}, 0
		}
	}
	if len(tokens) > taken && (tokens[taken].word == "utc" || tokens[taken].word == "gmt") {
		taken++
	}
	return at, taken
}

// clockOf reads "3" with a half of the day, and "03:30" with or without.
func clockOf(word, half string) (clock, bool) {
	hours, minutes, exact := strings.Cut(word, ":")
	if half == "" && !exact {
		return clock{}, false
	}
	h, err := strconv.Atoi(hours)
	m := 0
	if err == nil && exact {
		m, err = strconv.Atoi(minutes)
	}
	if err != nil || h < 0 || h > 23 || m < 0 || m > 59 || exact && len(minutes) != 2 {
		return clock{}, false
	}
	switch half {
	case "a", "p":
		if h < 1 || h > 12 {
			return clock{}, false
		}
		h %= 12
		if half == "p" {
			h += 12
		}
	}
	return clock{h, m}, true
}

// clock is a match's time of the day.
func (a args) clock(name string) (clock, bool) { c, ok := a[name].(clock); return c, ok }
