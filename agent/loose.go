package agent

import (
	"regexp"
	"slices"
	"strings"
)

// loose says texts again in sentences of the grammar which it does not cover:
// people's own words, with the reasons that they give. What it can't account for
// has to be a statement that orders, forbids and widens nothing, or the text is
// not read at all.
type loose struct {
	grammar *grammar
	// phrases are by their first word, the longest first.
	phrases map[string][]phrase
	// fillers, dangers, statements, finite and imperatives are words; see there.
	fillers, dangers, statements, finite, imperatives, openings, objects, duties, conditions, negations, things wordSet
	templates                                                                                                   []template
	ends                                                                                                        *regexp.Regexp
	inWords                                                                                                     *strings.Replacer
	odd                                                                                                         *regexp.Regexp
	// country tells it from the pronoun.
	country *regexp.Regexp
	// spelling are the words that it knows.
	spelling *spelling
}

// phrase is some words with what they mean.
type phrase struct {
	words []string
	kind  string
}

func newLoose(g *grammar) *loose {
	l := &loose{
		grammar: g, templates: templates(), phrases: map[string][]phrase{},
		fillers: fillers(), dangers: dangers(), statements: statements(), finite: finite(), imperatives: imperatives(),
		openings: openings(), objects: objects(), duties: duties(), conditions: conditions(), negations: negations(), things: things(),
		ends:    regexp.MustCompile(`[.!?;](?:\s+|$)|:\s+|\n+|\s+-{1,2}\s+`),
		inWords: strings.NewReplacer(capitalised(spokenAmounts())...),
		country: regexp.MustCompile(`\b(US|USA|U\.S\.)(\b|')`),
		odd:     regexp.MustCompile("[{}<>$`|\\\\]|--|://|['\"];|</"),
	}
	for kind, list := range lexicon() {
		for _, words := range list {
			p := phrase{strings.Fields(words), kind}
			l.phrases[p.words[0]] = append(l.phrases[p.words[0]], p)
		}
	}
	l.spelling = newSpelling(l)
	for _, list := range l.phrases {
		slices.SortFunc(list, func(a, b phrase) int {
			if len(a.words) != len(b.words) {
				return len(b.words) - len(a.words)
			}
			return strings.Compare(a.kind, b.kind)
		})
	}
	return l
}

// capitalised has pairs of old and new texts also as they stand at the beginning of a
// sentence.
func capitalised(pairs []string) []string {
	all := slices.Clone(pairs)
	for i := 0; i+1 < len(pairs); i += 2 {
		if upper := sentence(pairs[i]); upper != pairs[i] {
			all = append(all, upper, pairs[i+1])
		}
	}
	return all
}

// spokenAmounts are amounts in words that the grammar's quantities do not have.
func spokenAmounts() []string {
	return []string{
		"half a dozen", "6", "half a year", "180 days", "half a minute", "30 seconds", "half an hour", "30 minutes", "a quarter of an hour", "15 minutes", "an hour and a half", "90 minutes", "a year and a half", "540 days", "each quarter", "every 90 days",
		"every quarter", "every 90 days", "quarterly", "every 90 days", "twice a year", "every 180 days", "each year", "every 365 days",
		"once a year", "every 365 days", "twice yearly", "every 180 days", "annually", "every 365 days", "once per year", "every 365 days", "twice per year", "every 180 days",
		"semi-annually", "every 180 days", "each month", "every 30 days", "once a month", "every 30 days", "once a quarter", "every 90 days", "half of the", "half of", "at the moment", "now", " gigs", " GiB", " gig ", " GiB ", " day and night", "", " in and out", "", " up and down", "", " while you're at it", "", " while you are at it", "", " while we're at it", "", "a thousand", "1000", "one thousand", "1000", "two thousand", "2000", "five thousand", "5000", "ten thousand", "10000", "a hundred", "100", "one hundred", "100", "two hundred", "200", "again and again", "again", "over and over", "again", " on and off", "", "now and then", "sometimes",
	}
}

// paraphrase is a text in the grammar's words.
type paraphrase struct {
	sentences []string
	// context are the statements that were passed over.
	context []string
}

// said is what one text has told so far.
type said struct {
	paraphrase

	where string
	topic string
	// bucket is the last one that was named, source the last range of addresses.
	bucket, source string
	// service is the only one that the last statement named.
	service string
	// defaulted says that an order took everywhere for its place as none was said.
	defaulted bool
}

// read says a text again; false when it can't.
func (l *loose) read(text string) (paraphrase, bool) {
	if l.odd.MatchString(text) || len(text) > longestLoose {
		return paraphrase{}, false
	}
	s := said{}
	rest := l.inWords.Replace(l.country.ReplaceAllString(text, "america$2"))
	for rest != "" {
		var sentence string
		var leads bool
		sentence, rest, leads = l.cut(rest)
		tokens, err := lex(sentence)
		if err != nil {
			return paraphrase{}, false
		}
		tokens = l.spelt(tokens)
		if leads {
			if left, ok := l.both(&s, tokens, rest); ok {
				rest = left
				continue
			}
		}
		switch {
		case leads && l.heading(&s, tokens), l.sentence(&s, split(tokens)):
		case l.bars(s, tokens, leads):
			return paraphrase{}, false
		case (leads || len(plain(tokens)) > 2) && l.harmless(tokens) || leads && l.motive(tokens):
			l.pass(&s, tokens)
		default:
			return paraphrase{}, false
		}
	}
	return s.paraphrase, len(s.sentences) > 0
}

// bars says that what stands beside orders is a condition of them, denies them, or
// leaves it uncertain where they are meant.
func (l *loose) bars(s said, tokens []token, leads bool) bool {
	switch {
	case s.defaulted && l.placed(tokens), (leads || len(s.sentences) > 0) && l.conditional(tokens):
		return true
	default:
		return leads && l.negations.any(tokens[:min(2, len(tokens))])
	}
}

// both reads what stands on both sides of a colon as one order, and returns the
// rest of the text.
func (l *loose) both(s *said, head []token, text string) (rest string, ok bool) {
	next, rest, _ := l.cut(text)
	tail, err := lex(next)
	if err != nil || len(tail) == 0 {
		return "", false
	}
	tail = l.spelt(tail)
	told := s.clone()
	if !l.order(&told, slices.Concat(head, []token{{raw: ",", sep: true}}, tail)) {
		return "", false
	}
	*s = told
	return rest, true
}

// cut takes the first sentence off a text; leads says that a colon ends it.
func (l *loose) cut(text string) (sentence, rest string, leads bool) {
	at := l.ends.FindStringIndex(text)
	if at == nil {
		return text, "", false
	}
	return text[:at[0]], text[at[1]:], text[at[0]] == ':'
}

// maxLoosePieces bounds the parts of a sentence.
const maxLoosePieces = 8

// longestLoose bounds what is read loosely, in bytes: it takes long.
const longestLoose = 600

// pass takes tokens for a statement, which may say where and what comes next.
func (l *loose) pass(s *said, tokens []token) {
	s.context = append(s.context, spell(tokens))
	s.service = l.serving(tokens)
	for _, one := range tokens {
		if source, ok := cidr(one); ok && strings.ContainsAny(one.raw, "./") {
			s.source = source
		}
	}
	where, rest, ok := l.place(tokens)
	if !ok {
		return
	}
	if where != "" {
		s.where = where
	}
	if topic := l.about(rest); topic != "" {
		s.topic = topic
	}
}

// sentence reads pieces, as few at once as it can: more of them are one order only
// where they are none by themselves.
func (l *loose) sentence(s *said, pieces [][]token) bool {
	if len(pieces) > maxLoosePieces {
		return false
	}
	if len(pieces) == 0 {
		return true
	}
	for n := 1; n <= min(4, len(pieces)); n++ {
		if n == 1 && len(pieces) > 1 && l.subject(pieces[0], pieces[1]) {
			continue
		}
		told := s.clone()
		if l.piece(&told, trim(slices.Concat(pieces[:n]...))) && l.sentence(&told, pieces[n:]) {
			*s = told
			return true
		}
	}
	return false
}

func (s said) clone() said {
	s.sentences, s.context = slices.Clone(s.sentences), slices.Clone(s.context)
	return s
}

// piece reads an order, a limit, an order with its reason, or a statement.
func (l *loose) piece(s *said, tokens []token) bool {
	for len(tokens) > 0 && slices.Contains([]string{"but", "so", "instead"}, tokens[0].word) {
		tokens = trim(tokens[1:])
	}
	if l.compares(tokens) {
		return false
	}
	if len(tokens) > 1 && l.conditions[tokens[0].word] && l.conditional(tokens) && !l.understood(tokens) {
		return false // what it is a condition of is asked for beside it
	}
	switch {
	case len(tokens) == 0 || l.idle(tokens) || l.ask(s, tokens) || l.limited(s, tokens) || l.reasoned(s, tokens) || l.wished(s, tokens):
		return true
	case slices.ContainsFunc(tokens, func(t token) bool { return t.sep }) || !l.harmless(tokens) || !l.stated(tokens) || l.conditional(tokens) ||
		l.negations.any(tokens[:min(2, len(tokens))]) || s.defaulted && l.placed(tokens):
		return false
	}
	l.pass(s, tokens)
	return true
}

// understood says that the grammar reads tokens that begin as a condition does: as a
// limit, or as what has to be survived.
func (l *loose) understood(tokens []token) bool {
	a, err := l.grammar.objective(tokens)
	return a != nil && err == nil || l.grammar.limit(tokens) != nil
}

// ask reads an order, in the grammar's words or in others.
func (l *loose) ask(s *said, tokens []token) bool {
	if apiece(tokens) {
		return false
	}
	if l.order(s, tokens) {
		return true
	}
	if a, err := l.grammar.objective(tokens); a != nil && err == nil {
		s.sentences = append(s.sentences, spell(tokens))
		if where, _, ok := l.place(tokens); ok && where != "" {
			s.where = where
		}
		return true
	}
	if text := l.left(*s, tokens); text != "" {
		s.sentences = append(s.sentences, text)
		return true
	}
	c, err := l.grammar.clause(tokens)
	if c == nil || err != nil {
		return false
	}
	text := spell(tokens)
	if where, _, ok := l.place(tokens); ok && where != "" {
		s.where = where
	} else if s.where != "" {
		text += s.where
	}
	s.sentences = append(s.sentences, text)
	return true
}

// limited reads a limit, and an order with limits behind it.
func (l *loose) limited(s *said, tokens []token) bool {
	if l.grammar.limit(tokens) != nil {
		s.sentences = append(s.sentences, spell(tokens))
		return true
	}
	for k := 1; k < len(tokens); k++ {
		if l.grammar.limit(tokens[k:]) != nil && l.ask(s, trim(tokens[:k])) {
			s.sentences = append(s.sentences, spell(tokens[k:]))
			return true
		}
	}
	return false
}
