package webhooks

import (
	"path"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

const (
	maxPatterns = 50
	maxPattern  = 128
)

// wants says whether a webhook is to be told of a message.
func wants(w aegis.Webhook, kind, stackID string) bool {
	return matches(w.EventTypes, kind) && matches(w.Stacks, stackID)
}

// matches says whether a text matches one of the globs, by the rules of
// path.Match; no globs match all, and some don't match "".
func matches(globs []string, text string) bool {
	return len(globs) == 0 || text != "" && slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, text)
		return ok && err == nil
	})
}

// checkFilters adds the faults of a webhook's filters.
func checkFilters(faults *aegis.InvalidError, w aegis.Webhook) {
	for _, glob := range w.EventTypes {
		if !matchesSome(glob, append(Types(), "aegis.*")) {
			faults.Add("event_types", short(glob)+" matches no type of event; there are "+strings.Join(Types(), ", "))
		}
	}
	for _, glob := range w.Stacks {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			faults.Add("stacks", short(glob)+` is no pattern; write a stack id, or one with * and ?, such as "prod.*.eu-west-1"`)
		}
	}
	for field, globs := range map[string][]string{"event_types": w.EventTypes, "stacks": w.Stacks} {
		tooLong := slices.ContainsFunc(globs, func(g string) bool { return len(g) > maxPattern })
		if len(globs) > maxPatterns || tooLong {
			faults.Add(field, "give at most 50, of at most 128 characters each")
		}
	}
}

func matchesSome(glob string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return matches([]string{glob}, text) })
}

// short quotes what somebody wrote.
func short(s string) string {
	return `"` + clip(clean(s), 40) + `"`
}
