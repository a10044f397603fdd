package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	aegis "github.com/aegisworld/aegis"
)

// understanding says how the intent was read and what it comes to.
func (pl plan) understanding() string {
	spoken := pl.reading.spoken()
	if spoken == "" {
		return "nothing"
	}
	lines := []string{spoken}
	if len(pl.reading.again) > 0 {
		lines = append(lines, "Read as: "+strings.Join(pl.reading.again, "; ")+".")
	}
	if len(pl.reading.context) > 0 {
		lines = append(lines, "Taken as context: "+strings.Join(pl.reading.context, "; ")+".")
	}
	if len(pl.reading.told) > 0 {
		lines = append(lines, "Within: "+strings.Join(pl.reading.told, "; ")+".")
	}
	if pl.reading.strangers != "" {
		lines = append(lines, pl.reading.strangers)
	}
	if pl.reading.aim != nil && pl.reading.aim.note != "" {
		lines = append(lines, pl.reading.aim.note)
	}
	for _, o := range pl.options {
		lines = append(lines, optionWords(o))
	}
	for _, l := range pl.layers {
		for _, s := range l.stacks {
			lines = append(lines, s.stack.StackID+": "+s.words())
		}
	}
	lines = append(lines, pl.notes...)
	if pl.complete && len(pl.layers) == 0 {
		lines = append(lines, "Nothing to do: it is so already.")
	}
	return strings.Join(lines, "\n")
}

// optionWords say what became of a way.
func optionWords(o aegis.GoalOption) string {
	words := fmt.Sprintf("Rejected: %s (%s a month): %s", o.Name, signed(o.EstimatedUSDMonth), o.Rejected)
	if o.Chosen {
		words = fmt.Sprintf("Chosen: %s (%s a month): %s", o.Name, signed(o.EstimatedUSDMonth), o.Summary)
	}
	if o.Chosen && len(o.Lacks) > 0 {
		words += "; it leaves undone: " + strings.Join(o.Lacks, "; ")
	}
	if o.Past != "" {
		words += "; " + o.Past
	}
	return words + "."
}

// words are the parameters that differ, such as "node_min 2 → 4".
func (s stackChange) words() string {
	before, after, patch := map[string]json.RawMessage{}, map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for raw, into := range map[string]*map[string]json.RawMessage{
		string(s.revision.Spec.Parameters): &before, string(s.after.Parameters): &after, string(s.patch): &patch,
	} {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			return string(s.patch)
		}
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		from, to := string(before[name]), string(after[name])
		if len(from)+len(to) > maxQuoted {
			from, to = "", string(patch[name])
		}
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s → %s", name, from, shorten(to))))
	}
	return strings.Join(words, ", ")
}

// words say where, as the text did.
func (s scope) words() string {
	switch {
	case len(s.named) > 0 && len(s.except) > 0:
		return " in " + strings.Join(s.named, ", ") + " except " + strings.Join(s.except, ", ")
	case len(s.named) > 0:
		return " in " + strings.Join(s.named, ", ")
	case len(s.except) > 0:
		return " everywhere except in " + strings.Join(s.except, ", ")
	default:
		return " everywhere"
	}
}

// place says in which regions, for a summary.
func (p *Planner) place(regions []string) string {
	if slices.Equal(regions, p.grammar.atlas.configured) {
		return " everywhere"
	}
	return " in " + strings.Join(regions, ", ")
}

// explain adds what the planner can do to a refusal to read an intent: what is
// nearest to its words.
func explain(err error, intent string) error {
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	return &refusal{
		text: fmt.Sprintf("goal not understood: %s. It can do, for instance: %s; `aegis goal intents` lists everything",
			shorten(refused.text), quoteAll(nearest(intent))),
		unread: refused.unread,
	}
}

const (
	// maxNearest is how many examples a refusal has beside the usual ones.
	maxNearest = 4
	// maxWords bounds the words in common that count.
	maxWords = 10
)

// nearest are examples of the intents that have most words in common with a text,
// and of common ones.
func nearest(text string) (examples []string) {
	said := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		said[strings.TrimSuffix(word, "s")] = len(word) > 3
	}
	for _, verb := range []string{"make", "keep", "have", "give", "with", "from", "into", "only", "every", "everywhere"} {
		delete(said, verb)
	}
	var near [maxWords][]string // by the number of words in common
	for _, in := range Intents() {
		shared := map[string]bool{}
		for word := range strings.FieldsSeq(strings.ToLower(in.Examples[0] + " " + in.Summary)) {
			if word = strings.TrimSuffix(word, "s"); said[word] {
				shared[word] = true
			}
		}
		n := min(len(shared), maxWords-1)
		near[n] = append(near[n], in.Examples[0])
	}
	for n := maxWords - 1; n > 0; n-- {
		examples = append(examples, near[n][:min(len(near[n]), maxNearest-len(examples))]...)
	}
	for _, usual := range []string{
		"scale the runtime in eu-west-1 to 4 nodes", "keep logs for 90 days everywhere", "make checkout survive losing us-east-1",
	} {
		if !slices.Contains(examples, usual) {
			examples = append(examples, usual)
		}
	}
	return examples
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = "“" + t + "”"
	}
	return strings.Join(quoted, ", ")
}

// maxQuoted bounds how much of a submitter's text a message repeats.
const maxQuoted = 300

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= maxQuoted {
		return text
	}
	return string([]rune(text)[:maxQuoted]) + "…"
}

func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
