package agent

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
		"half a dozen", "6", "half a year", "180 days", "half a minute", "30 seconds", "half an hour", "30 minutes", "each quarter", "every 90 days",
		"every quarter", "every 90 days", "quarterly", "every 90 days", "twice a year", "every 180 days", "each year", "every 365 days",
		"once a year", "every 365 days", "twice yearly", "every 180 days", "annually", "every 365 days", "once per year", "every 365 days", "twice per year", "every 180 days",
		"semi-annually", "every 180 days", "each month", "every 30 days", "once a month", "every 30 days", "once a quarter", "every 90 days", "half of the", "half of", "at the moment", "now", " gigs", " GiB", " gig ", " GiB ", " day and night", "",
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
		if leads {
			if left, ok := l.both(&s, tokens, rest); ok {
				rest = left
				continue
			}
		}
		switch {
		case l.sentence(&s, split(tokens)):
		case s.defaulted && l.placed(tokens):
			return paraphrase{}, false // it is not certain where the order before is meant
		case (leads || len(s.sentences) > 0) && l.conditional(tokens) || leads && l.negations.any(tokens[:min(2, len(tokens))]):
			return paraphrase{}, false // it is a condition, or denies what comes
		case (leads || len(plain(tokens)) > 2) && l.harmless(tokens) || leads && l.motive(tokens):
			l.pass(&s, tokens)
		default:
			return paraphrase{}, false
		}
	}
	return s.paraphrase, len(s.sentences) > 0
}

// motive says that what stands before a colon says why what stands behind it is
// wanted.
func (l *loose) motive(tokens []token) bool {
	core := plain(tokens)
	return len(core) > 0 && !l.imperatives[core[0].word] && !l.commands(core) && !l.conditions.any(tokens) && !l.menaces(tokens)
}

// menaces says that tokens have a word of danger that no reason needs.
func (l *loose) menaces(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool {
		return l.dangers[t.word] && !slices.Contains([]string{"nobody", "without", "share", "account", "accounts", "nothing"}, t.word)
	})
}

// both reads what stands on both sides of a colon as one order, and returns the
// rest of the text.
func (l *loose) both(s *said, head []token, text string) (rest string, ok bool) {
	next, rest, _ := l.cut(text)
	tail, err := lex(next)
	if err != nil || len(tail) == 0 {
		return "", false
	}
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
	if len(tokens) > 1 && l.conditions[tokens[0].word] && l.conditional(tokens) {
		return false // what it is a condition of is asked for beside it
	}
	switch {
	case len(tokens) == 0 || l.ask(s, tokens) || l.limited(s, tokens) || l.reasoned(s, tokens) || l.wished(s, tokens):
		return true
	case slices.ContainsFunc(tokens, func(t token) bool { return t.sep }) || !l.harmless(tokens) || !l.stated(tokens) || l.conditional(tokens) ||
		l.negations.any(tokens[:min(2, len(tokens))]) || s.defaulted && l.placed(tokens):
		return false
	}
	l.pass(s, tokens)
	return true
}

// timed says that tokens begin with a duration, as in "after 30 days".
func timed(tokens []token) bool {
	_, n := parseDuration(tokens)
	return n > 1 || n == 1 && unicode.IsDigit(rune(tokens[0].raw[0]))
}

// stated says that part of a sentence is a statement of its own.
func (l *loose) stated(tokens []token) bool {
	return l.finite.any(tokens) || len(tokens) > 1 && slices.Contains([]string{"it", "they", "that", "this"}, tokens[0].word) || slices.ContainsFunc(tokens[1:], l.verbal)
}

// verbal says that a word which is not known has the form of a finite verb.
func (l *loose) verbal(t token) bool {
	if _, n := l.sense([]token{t}); n > 0 || l.fillers[t.word] || len(t.word) < 5 {
		return false
	}
	return strings.HasSuffix(t.word, "s") || strings.HasSuffix(t.word, "ed")
}

// ask reads an order, in the grammar's words or in others.
func (l *loose) ask(s *said, tokens []token) bool {
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

// reasoned reads an order with the reason before or behind it.
func (l *loose) reasoned(s *said, tokens []token) bool {
	for k := 1; k < len(tokens)-1; k++ {
		if told := s.clone(); l.reason(tokens[k:]) && l.ask(&told, trim(tokens[:k])) && !(told.defaulted && l.placed(tokens[k:])) {
			*s = told
			s.context = append(s.context, spell(tokens[k:]))
			return true
		}
	}
	if !slices.Contains(reasonWords(), tokens[0].word) || l.conditional(tokens) {
		return false
	}
	starts := []string{"we", "i", "the", "our", "please", "let", "have", "put", "add"}
	for k := 2; k < len(tokens); k++ {
		begins := tokens[k-1].sep || slices.Contains(starts, tokens[k].word)
		if begins && l.harmless(tokens[:k]) && l.ask(s, trim(tokens[k:])) {
			s.context = append(s.context, spell(tokens[:k]))
			return true
		}
	}
	return false
}

// reason says that tokens give a reason, a purpose or an occasion, and no condition.
func (l *loose) reason(tokens []token) bool {
	if !slices.Contains(reasonWords(), tokens[0].word) || l.conditional(tokens) || !l.incidental(tokens[1:]) {
		return false
	}
	_, amounts, things := l.contents(tokens[1:])
	if things && slices.Contains([]string{"to", "for"}, tokens[0].word) && l.placed(tokens) {
		return false
	}
	return !amounts || l.statements.any(tokens) || slices.Contains([]string{"so", "because", "since"}, tokens[0].word)
}

// placed says that tokens name a place.
func (l *loose) placed(tokens []token) bool {
	where, _, ok := l.place(tokens)
	return !ok || where != ""
}

// conditional says that tokens make a condition of what stands beside them, such as
// "if", "as soon as" and "for when". One within a reason is part of the reason, and one
// before a duration, as in "after 30 days", or of what happened is none.
func (l *loose) conditional(tokens []token) bool {
	found, explained := 0, false
	for k := range tokens {
		for _, words := range conditionPhrases() {
			if begins(tokens[k:], strings.Fields(words)) > 0 {
				return true
			}
		}
		switch word := tokens[k].word; {
		case found == 0 && slices.Contains([]string{"so", "because", "since", "which"}, word):
			explained = true
		case l.conditions[word] && !timed(tokens[k+1:]) && !(word == "after" && l.statements.any(tokens[k:])):
			found++
		}
	}
	return found > 1 || found == 1 && !explained
}

func conditionPhrases() []string {
	return []string{"as soon as", "as long as", "as far as", "so long as", "as much as", "as many as", "only if", "in case", "subject to", "depending on", "so if"}
}

// wished reads an order that somebody wants, such as "the auditors want …".
func (l *loose) wished(s *said, tokens []token) bool {
	wishes := []string{
		"want", "wants", "need", "needs", "require", "requires", "demand", "demands", "must", "should", "expect", "expects", "wish", "prefer", "prefers", "request", "requests",
		"requested", "requires",
	}
	for k := 1; k < min(len(tokens)-1, 7); k++ {
		rest := trim(tokens[k+1:])
		that := rest[0].word == "that" && slices.Contains(reports(), tokens[k].word)
		if that {
			rest = trim(rest[1:])
		}
		if !that && !slices.Contains(wishes, tokens[k].word) || len(rest) == 0 || l.negations.any(tokens[:k]) || l.conditional(tokens[:k]) || !l.harmless(tokens[:k]) {
			continue
		}
		if l.ask(s, rest) || !that && l.lacks(s, rest) {
			s.context = append(s.context, spell(tokens[:k+1]))
			return true
		}
	}
	return false
}

// reports are verbs of what somebody wants to be so, before "that".
func reports() []string {
	return []string{
		"insist", "insists", "insisted", "ask", "asks", "asked", "demand", "demands", "demanded", "decided", "agreed", "recommend", "recommends", "recommended",
		"proposed", "suggested", "suggests", "require", "requires", "wants", "want", "requested", "promised", "expect", "expects",
	}
}

// lacks reads what somebody needs a new one of, such as "needs a log group named x".
func (l *loose) lacks(s *said, tokens []token) bool {
	if !slices.Contains([]string{"a", "an", "another", "new"}, tokens[0].word) {
		return false
	}
	return l.ask(s, slices.Concat([]token{{raw: "add", word: "add"}}, tokens))
}

// about is the one noun that a statement names, "" for none or several.
func (l *loose) about(tokens []token) (topic string) {
	known := true // a noun behind a word that is not, such as "flow logs", is another one
	for i := 0; i < len(tokens); {
		s, n := l.sense(tokens[i:])
		if n > 0 && known && slices.ContainsFunc(l.templates, func(t template) bool { return t.topic == s.kind }) {
			if topic != "" && topic != s.kind && topic != "nodes" && s.kind != "nodes" {
				return ""
			}
			if topic == "" || topic == "nodes" {
				topic = s.kind
			}
		}
		known = n > 0 || l.fillers[tokens[i].word]
		i += max(1, n)
	}
	return topic
}

func reasonWords() []string {
	return []string{"because", "since", "so", "as", "before", "for", "during", "which", "to", "given"}
}

// harmless says that tokens order, forbid and widen nothing: they state something,
// have a word that the grammar does not know, no word of danger or duty, and no amount
// of the estate's things unless they tell how something was.
func (l *loose) harmless(tokens []token) bool {
	for _, piece := range split(tokens) {
		if core := plain(trim(piece)); len(core) > 0 && (l.imperatives[core[0].word] || l.commands(core)) {
			return false
		}
	}
	return !(l.duties.any(tokens) && l.names(tokens)) && l.incidental(tokens)
}

// names says that tokens name things of the estate.
func (l *loose) names(tokens []token) bool {
	_, _, things := l.contents(tokens)
	return things
}

// contents says whether tokens have words that are not known, amounts, and things of
// the estate.
func (l *loose) contents(tokens []token) (unknown, amounts, things bool) {
	for i := 0; i < len(tokens); {
		s, n := l.sense(tokens[i:])
		switch {
		case n == 0 && !l.fillers[tokens[i].word] && !tokens[i].sep:
			unknown = true
		case isValue(s.kind):
			amounts = true
		case n > 0 && !softKinds()[s.kind] && s.kind != "principal" && l.things[s.kind]:
			things = true
		}
		i += max(1, n)
	}
	return unknown, amounts, things
}

// commands says that tokens have the form of an order, whatever its verb: a word that
// begins no statement, and what it is done to.
func (l *loose) commands(tokens []token) bool {
	if len(tokens) < 2 || l.openings[tokens[0].word] || l.finite[tokens[0].word] {
		return false
	}
	return l.objects[tokens[1].word]
}

// incidental is harmless for words behind "because" and "to", which may begin with
// a verb.
func (l *loose) incidental(tokens []token) bool {
	if l.dangers.any(tokens) {
		return false
	}
	unknown, amounts, things := l.contents(tokens)
	if amounts && !l.statements.any(tokens) && (things || !l.finite.any(tokens)) {
		return false
	}
	return unknown || len(plain(tokens)) < 3 || (len(plain(tokens)) > 4 || l.finite.any(tokens)) && !l.duties.any(tokens)
}

// order reads tokens all of which it knows.
func (l *loose) order(s *said, tokens []token) bool {
	where, rest, ok := l.place(tokens)
	if !ok || len(rest) == 0 {
		return false
	}
	senses, ok := l.senses(rest)
	if !ok || len(senses) == 0 {
		return false
	}
	if there(rest) && s.source != "" && !has(senses, "cidr") {
		senses = append(senses, sense{"cidr", s.source})
	}
	if !slices.ContainsFunc(senses, func(one sense) bool { return one.kind != "soft" }) {
		return where == "" && len(s.sentences) > 0 // it says no more than what was said
	}
	if s.follows(senses, tokens, where) {
		return true
	}
	text, topic, ok := l.match(senses, s.topic)
	if !ok {
		return false
	}
	text = s.bucketed(text, senses)
	if where != "" {
		s.where = where
	}
	if s.defaulted && where != "" && where != " everywhere" {
		return false // it is not certain where the other order is meant
	}
	place := s.where
	if place == "" {
		place, s.defaulted = " everywhere", true
	}
	if text == "" { // nothing is to change there
		if where != "" && where != " everywhere" {
			s.sentences = append(s.sentences, "not"+where)
		}
		return true
	}
	for part := range strings.SplitSeq(text, "; ") {
		s.sentences = append(s.sentences, part+place)
	}
	for _, one := range senses {
		if one.kind == "label" {
			s.context = append(s.context, one.text)
		}
	}
	s.topic = topic
	return true
}

// follows says that tokens only order what was said already to be done, such as "update
// the health checks everywhere".
func (s *said) follows(senses []sense, tokens []token, where string) bool {
	core := plain(tokens)
	if len(senses) != 1 || senses[0].kind != s.topic || len(s.sentences) == 0 || len(core) == 0 {
		return false
	}
	return slices.Contains([]string{"update", "adjust", "change", "correct", "configure"}, core[0].word) && (where == "" || where == " everywhere" && s.defaulted)
}

// there says that tokens speak of addresses which were named before.
func there(tokens []token) bool {
	for i := range tokens {
		if begins(tokens[i:], []string{"from", "there"}) > 0 || begins(tokens[i:], []string{"to", "it"}) > 0 {
			return true
		}
	}
	return false
}

// bucketed says which bucket a text with "$bucket" means: the one that the senses or
// what was said before name, or else the only one.
func (s *said) bucketed(text string, senses []sense) string {
	for _, one := range senses {
		switch {
		case one.kind == "artifacts":
			s.bucket = "artifacts"
		case one.kind == "name" && (has(senses, "bucket") || strings.Contains(text, "$bucket")):
			s.bucket = one.text
		}
	}
	which, all := "the bucket", "all buckets"
	if s.bucket != "" {
		which, all = "bucket "+s.bucket, "bucket "+s.bucket
	}
	return strings.NewReplacer("$buckets", all, "$bucket", which).Replace(text)
}

// place takes the words about regions out of tokens and says them as the grammar
// does; "" is no place.
func (l *loose) place(tokens []token) (where string, rest []token, ok bool) {
	var regions []string
	for i := 0; i < len(tokens); {
		if n := everywhere(tokens[i:]); n > 0 {
			where, i = " everywhere", i+n
			continue
		}
		if tokens[i].word == "primary" && len(l.grammar.atlas.configured) > 0 {
			regions, i = append(regions, l.grammar.atlas.configured[0]), i+1
			continue
		}
		if found, n := l.grammar.atlas.list(adjectives(tokens[i:])); n > 0 {
			regions, i = append(regions, found...), i+n
			i += skip(tokens[i:], "only", "alone")
			continue
		}
		rest = append(rest, tokens[i])
		i++
	}
	if where != "" && len(regions) > 0 {
		return "", nil, false
	}
	rest = trim(rest)
	if len(regions) > 0 {
		slices.Sort(regions)
		where = " in " + strings.Join(slices.Compact(regions), ", ")
	}
	return where, rest, true
}

// adjectives has the first token as the name of its country or continent.
func adjectives(tokens []token) []token {
	name, ok := map[string]string{
		"irish": "ireland", "european": "europe", "asian": "asia", "american": "america", "virginian": "virginia", "singaporean": "singapore",
	}[tokens[0].word]
	if !ok {
		name, ok = mistyped(tokens[0].word)
	}
	if !ok {
		return tokens
	}
	named := slices.Clone(tokens)
	named[0].word = name
	return named
}

// mistyped is the region's name that a word misses by one letter.
func mistyped(word string) (string, bool) {
	for _, name := range []string{"ireland", "singapore", "virginia", "frankfurt", "stockholm", "everywhere"} {
		if len(word) >= 6 && word != name && oneOff(word, name) {
			return name, true
		}
	}
	return "", false
}

// oneOff says that one letter added, left out or changed makes a word of another.
func oneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return a[min(i+1, len(a)):] == b[min(i+1, len(b)):]
	case 1:
		return a[i:] == b[i+1:]
	default:
		return false
	}
}

// senses are what tokens mean, without fillers; false when a word is not known.
func (l *loose) senses(tokens []token) ([]sense, bool) {
	var senses []sense
	tokens = particles(tokens)
	for i := 0; i < len(tokens); {
		if begins(tokens[i:], []string{"up", "to"}) > 0 && rises(tokens[:i]) {
			senses, i = append(senses, sense{kind: "to"}), i+2
			continue
		}
		if n := corrected(tokens[i:]); n > 0 {
			if tokens[i].word == "from" {
				senses = append(senses, sense{kind: "to"})
			}
			i += n
			continue
		}
		if s, n := l.marked(tokens[i:]); n > 0 {
			senses, i = append(senses, s...), i+n
			continue
		}
		s, n := l.sense(tokens[i:])
		switch {
		case n > 0:
			senses = append(senses, s)
		case l.fillers[tokens[i].word] || tokens[i].sep || l.manner(tokens[i].word):
			n = 1
		default:
			if s, ok := l.named(tokens, i); ok {
				senses, n = append(senses, s), 1
				break
			}
			if n = l.described(tokens, i); n > 0 {
				senses = append(senses, sense{"label", spell(tokens[i : i+n])})
				break
			}
			return nil, false
		}
		i += n
	}
	return bounds(senses), true
}

// particles have "on" and "off" behind their verb: "turn cloud events on" becomes "turn
// on cloud events".
func particles(tokens []token) []token {
	at := slices.IndexFunc(tokens, func(t token) bool {
		return t.word == "turn" || t.word == "switch" || t.word == "turned" || t.word == "switched"
	})
	if at < 0 {
		return tokens
	}
	to := slices.IndexFunc(tokens[at:], func(t token) bool { return t.word == "on" || t.word == "off" })
	if to < 2 {
		return tokens
	}
	moved := slices.Insert(slices.Clone(tokens), at+1, tokens[at+to])
	return slices.Delete(moved, at+to+1, at+to+2)
}

// rises says that "up to" behind these words is where something goes, no bound.
func rises(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool {
		return slices.Contains([]string{"bring", "scale", "take", "get", "raise", "increase", "push", "ramp", "resize", "bump", "move", "put"}, t.word)
	}) && !slices.ContainsFunc(tokens, func(t token) bool { return t.word == "can" || t.word == "may" || t.word == "let" || t.word == "allow" })
}

// described counts the words that say whose the range of addresses behind them is, such
// as "vpn" and "office network".
func (l *loose) described(tokens []token, at int) int {
	for i := at; i < min(len(tokens), at+4); i++ {
		if _, ok := cidr(tokens[i]); ok && strings.ContainsAny(tokens[i].raw, "./") {
			return i - at
		}
		word := tokens[i].word
		if tokens[i].sep || slices.Contains(prepositions(), word) || l.negations[word] || l.conditions[word] || l.dangers[word] || l.imperatives[word] {
			return 0
		}
	}
	return 0
}

// marked reads what is more than a word with a meaning: units of time in words,
// ports, actions, and words that say what the value behind them is.
func (l *loose) marked(tokens []token) ([]sense, int) {
	if text, n := oneUnit(tokens); n > 0 {
		return []sense{{"dur", text}}, n
	}
	if senses, n := portSenses(tokens); n > 0 {
		return senses, n
	}
	if senses, n := onlyFrom(tokens); n > 0 {
		return senses, n
	}
	if list, n := longestOf(parseActions(tokens)); n > 0 && isAction(tokens[0].raw) {
		actions, _ := list.([]string)
		return []sense{{"action", strings.Join(actions, " and ")}}, n
	}
	if len(tokens) > 1 && tokens[0].word == "take" && isAction(tokens[1].raw) {
		return []sense{{kind: "strip"}}, 1
	}
	if senses, n := between(tokens); n > 0 {
		return senses, n
	}
	if strings.Contains(tokens[0].word, "-") {
		if _, n := parseDuration(tokens); n == 1 {
			return []sense{{kind: "adj"}, {"dur", tokens[0].word}}, 1
		}
	}
	kind := map[string]string{
		"to": "to", "at": "to", "by": "by", "every": "per", "each": "per", "over": "beyond", "under": "beyond", "above": "beyond", "below": "beyond",
		"beyond": "beyond", "than": "beyond",
	}[tokens[0].word]
	if kind == "" || len(tokens) < 2 {
		return nil, 0
	}
	if kind == "per" && !l.phraseAt(tokens) && len(tokens[1].word) > 2 {
		if _, ok := unitOf(tokens[1].word); ok {
			return []sense{{kind: "per"}, {"dur", "1 " + tokens[1].word}}, 2
		}
	}
	if n := begins(tokens, []string{"every", "other"}); n > 0 {
		return []sense{{kind: "odd"}}, n
	}
	s, _ := l.sense(tokens[1:])
	timed := s.kind == "dur" || kind != "per" && slices.Contains([]string{"num", "pct", "size", "factor"}, s.kind)
	if _, n := oneUnit(tokens[1:]); n > 0 {
		timed = true
	}
	if !timed || l.phraseAt(tokens) {
		return nil, 0
	}
	return []sense{{kind: kind}}, 1
}

// between reads "between 3 and 9".
func between(tokens []token) ([]sense, int) {
	if tokens[0].word != "between" {
		return nil, 0
	}
	_, n := parseCount(tokens[1:])
	if n == 0 || len(tokens) < n+3 || tokens[n+1].word != "and" {
		return nil, 0
	}
	_, m := parseCount(tokens[n+2:])
	if m == 0 {
		return nil, 0
	}
	return []sense{{"minN", spell(tokens[1 : n+1])}, {"maxN", spell(tokens[n+2 : n+2+m])}}, n + m + 2
}

// onlyFrom reads "only from 10.0.0.0/8".
func onlyFrom(tokens []token) ([]sense, int) {
	i := skip(tokens, "only", "exclusively", "solely")
	if i == 0 {
		return nil, 0
	}
	i += skip(tokens[i:], "from", "to", "for", "the")
	if i == len(tokens) || !strings.ContainsAny(tokens[i].raw, "./") {
		return nil, 0
	}
	source, ok := cidr(tokens[i])
	if !ok {
		return nil, 0
	}
	return []sense{{"onlyFrom", source}}, i + 1
}

// phraseAt says that a phrase of the lexicon begins here.
func (l *loose) phraseAt(tokens []token) bool {
	return slices.ContainsFunc(l.phrases[tokens[0].word], func(p phrase) bool { return begins(tokens, p.words) > 0 })
}

// longestOf is the first of a slot's readings.
func longestOf(readings []slotValue) (value any, taken int) {
	if len(readings) == 0 {
		return nil, 0
	}
	return readings[0].value, readings[0].taken
}

// isAction says that a word has the form of "s3:GetObject".
func isAction(word string) bool {
	service, name, ok := strings.Cut(word, ":")
	letter := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return ok && service != "" && name != "" && !strings.ContainsFunc(service, letter) && unicode.IsUpper(rune(name[0])) && !strings.ContainsFunc(name, letter)
}

// portSenses read "tcp 9100", "udp port 514", "ports 8080 to 8090" and "3389/tcp".
func portSenses(tokens []token) (senses []sense, taken int) {
	if tokens[0].word == "tcp" || tokens[0].word == "udp" {
		senses, taken = append(senses, sense{"proto", tokens[0].word}), 1
	}
	named := taken > 0
	if taken < len(tokens) && (tokens[taken].word == "port" || tokens[taken].word == "ports") {
		named, taken = true, taken+1
	}
	if taken >= len(tokens) || tokens[taken].word == "" || !unicode.IsDigit(rune(tokens[taken].word[0])) {
		return nil, 0
	}
	p, n := parsePorts(tokens[taken:])
	if n == 0 || !named && p.protocol == "" {
		return nil, 0
	}
	if p.protocol != "" {
		senses = append(senses, sense{"proto", p.protocol})
	}
	text := strconv.Itoa(p.from)
	if p.to != p.from {
		text += "-" + strconv.Itoa(p.to)
	}
	taken += n
	if taken < len(tokens) && (tokens[taken].word == "tcp" || tokens[taken].word == "udp") {
		senses, taken = append(senses, sense{"proto", tokens[taken].word}), taken+1
	}
	return append(senses, sense{"ports", text}), taken
}

// oneUnit reads "a week" and "an hour".
func oneUnit(tokens []token) (string, int) {
	if len(tokens) < 2 || !slices.Contains([]string{"a", "an", "one"}, tokens[0].word) {
		return "", 0
	}
	if _, ok := unitOf(tokens[1].word); !ok || len(tokens[1].word) < 3 {
		return "", 0
	}
	return "1 " + tokens[1].word, 2
}

// corrected counts the tokens of "from six to", of which only what comes next is
// wanted, and of "instead of 30" and "not after 30".
func corrected(tokens []token) int {
	if len(tokens) < 2 {
		return 0
	}
	switch tokens[0].word {
	case "from":
		return formerly(tokens)
	case "instead", "rather":
		if tokens[1].word != "of" && tokens[1].word != "than" {
			return 0
		}
		if i := slices.IndexFunc(tokens[2:], func(t token) bool { return t.sep || !nounlike(t.word) }); i >= 0 {
			return i + 2
		}
		return len(tokens)
	case "not":
		i := 1 + skip(tokens[1:], "after", "at", "to", "in")
		if _, n := parseCount(tokens[i:]); n > 0 && i+n == len(tokens) {
			return len(tokens)
		}
	}
	return 0
}

// nounlike says that a word may be part of what something stands in the place of.
func nounlike(word string) bool {
	return !slices.Contains(strings.Fields("if unless when whenever once until till provided as so while after before because since not only except without and or but"), word)
}

// formerly counts the tokens of "from six to" and "from one shard to".
func formerly(tokens []token) int {
	_, n := parseCount(tokens[1:])
	if n == 0 {
		return 0
	}
	for i := 1 + n; i < min(len(tokens), n+4); i++ {
		if tokens[i].word == "to" {
			return i + 1
		}
	}
	return 0
}

// sense reads a value or a phrase of the lexicon.
func (l *loose) sense(tokens []token) (sense, int) {
	first := tokens[0]
	if first.quoted() {
		return sense{"name", first.raw}, 1
	}
	if _, n := parseDuration(tokens); n > 0 && (n > 1 || unicode.IsDigit(rune(first.word[0])) || first.word == "daily") {
		return sense{"dur", spell(tokens[:n])}, n
	}
	if _, n := parseSize(tokens); n > 0 {
		return sense{"size", spell(tokens[:n])}, n
	}
	if _, n := parsePercent(tokens); n > 0 {
		return sense{"pct", spell(tokens[:n])}, n
	}
	if _, n := parseFactor(tokens); n > 0 && (n > 1 || unicode.IsDigit(rune(first.word[0]))) && first.word != "factor" {
		return sense{"factor", spell(tokens[:n])}, n
	}
	for _, p := range l.phrases[first.word] {
		if n := begins(tokens, p.words); n > 0 {
			return sense{p.kind, spell(tokens[:n])}, n
		}
	}
	if at, n := parseClock(tokens); n > 0 {
		return sense{"clock", fmt.Sprintf("%02d:%02d", at.hour, at.minute)}, n
	}
	switch {
	case serverClass("cacheclass", first.word):
		return sense{"cacheclass", first.word}, 1
	case serverClass("dbclass", first.word):
		return sense{"dbclass", first.word}, 1
	case instanceType(first.word):
		return sense{"type", first.word}, 1
	case strings.HasPrefix(first.raw, "/"):
		return sense{"path", first.raw}, 1
	}
	if _, ok := cidr(first); ok && strings.ContainsAny(first.raw, "./") {
		return sense{"cidr", first.raw}, 1
	}
	if _, n := parseCount(tokens); n > 0 {
		return sense{"num", spell(tokens[:n])}, n
	}
	if servicePort(first.word) > 0 {
		return sense{"service", first.word}, 1
	}
	return sense{}, 0
}

// named takes a word beside "bucket", "stream" or "log group" for its name.
func (l *loose) named(tokens []token, i int) (sense, bool) {
	beside := func(k int) bool {
		return k >= 0 && k < len(tokens) && slices.Contains([]string{
			"bucket", "stream", "group", "named", "called", "setting", "cache", "table", "database", "repository", "repo", "secret", "role", "rule",
		}, tokens[k].word)
	}
	text, ok := name(tokens[i])
	ok = ok && !slices.Contains(sortWords(), tokens[i].word) && !l.negations[tokens[i].word] && !l.conditions[tokens[i].word]
	return sense{"name", text}, ok && (beside(i-1) || beside(i+1))
}

// joins are kinds of things whose number stands before them.
func joins() map[string]string {
	return map[string]string{"replicas": "replicasN", "images": "imagesN", "shards": "shardsN", "instances": "instancesN"}
}

func has(senses []sense, kind string) bool {
	return slices.ContainsFunc(senses, func(s sense) bool { return s.kind == kind })
}

// bounds joins a bound with its number: "at most 12" and "12 at most".
func bounds(senses []sense) (joined []sense) {
	for i := 0; i < len(senses); i++ {
		s := senses[i]
		next := i+1 < len(senses)
		switch {
		case (s.kind == "max" || s.kind == "min") && next && senses[i+1].kind == "dur":
			joined = append(joined, sense{s.kind + "Dur", senses[i+1].text})
			i++
		case (s.kind == "max" || s.kind == "min" || s.kind == "exactly") && next && senses[i+1].kind == "num":
			joined = append(joined, sense{s.kind + "N", senses[i+1].text})
			i++
		case (s.kind == "max" || s.kind == "min") && next && senses[i+1].kind == "nodes" && i+2 < len(senses) && senses[i+2].kind == "num":
			joined = append(joined, sense{s.kind + "N", senses[i+2].text})
			i += 2
		case s.kind == "num" && next && joins()[senses[i+1].kind] != "" && (senses[i+1].kind != "shards" || has(senses, "cache")):
			joined = append(joined, sense{joins()[senses[i+1].kind], s.text})
			i++
		case s.kind == "num" && next && (senses[i+1].kind == "max" || senses[i+1].kind == "exactly") && i+2 == len(senses):
			joined = append(joined, sense{senses[i+1].kind + "N", s.text})
			i++
		default:
			joined = append(joined, s)
		}
	}
	return joined
}
