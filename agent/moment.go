package agent

import (
	"strings"
	"time"
)

// moment is a time as people name it: a day's end, in UTC, counted from when it
// was said.
type moment struct {
	// date is a day of the calendar; zero is none.
	date time.Time
	// weekday is the next such day, days so many days from now; unset is -1.
	weekday, days int
	// month is the end of the month.
	month bool
}

// parseMoment reads "friday", "next friday", "tomorrow", "end of the week" and
// "2026-12-01".
func parseMoment(tokens []token) (at moment, taken int) {
	taken = skip(tokens, "next", "this", "coming", "end", "of", "the")
	if taken == len(tokens) {
		return moment{}, 0
	}
	word := tokens[taken].word
	if date, err := time.Parse(time.DateOnly, word); err == nil {
		return moment{date: date, weekday: -1, days: -1}, taken + 1
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name := day.String(); strings.EqualFold(name, word) || strings.EqualFold(name[:3], word) {
			return moment{weekday: int(day), days: -1}, taken + 1
		}
	}
	switch word {
	case "today", "tonight":
		return moment{weekday: -1}, taken + 1
	case "tomorrow":
		return moment{weekday: -1, days: 1}, taken + 1
	case "week", "weekend":
		return moment{weekday: int(time.Sunday), days: -1}, taken + 1
	case "month":
		return moment{weekday: -1, days: -1, month: true}, taken + 1
	default:
		return moment{}, 0
	}
}

// after is the end of the day that is meant, in UTC, when it was said at now.
func (m moment) after(now time.Time) time.Time {
	y, month, d := now.UTC().Date()
	at := time.Date(y, month, d, 23, 59, 59, 0, time.UTC)
	switch {
	case !m.date.IsZero():
		return m.date.Add(day - time.Second)
	case m.month:
		return time.Date(y, month+1, 0, 23, 59, 59, 0, time.UTC)
	case m.days >= 0:
		return at.AddDate(0, 0, m.days)
	default:
		return at.AddDate(0, 0, (m.weekday-int(at.Weekday())+7)%7)
	}
}
