package agent

import (
	"slices"
	"strings"
)

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
	senses = s.implied(senses, rest)
	if !slices.ContainsFunc(senses, func(one sense) bool { return one.kind != "soft" }) {
		return where == "" && len(s.sentences) > 0 // it says no more than what was said
	}
	if s.follows(senses, tokens, where) {
		return true
	}
	if l.tells(senses, tokens) || s.another(senses, tokens) {
		return false
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
	s.tell(text, place, senses)
	s.topic = topic
	return true
}

// implied adds what was said before: the addresses that "from there" means, and the
// service that only some are to reach.
func (s *said) implied(senses []sense, tokens []token) []sense {
	if there(tokens) && s.source != "" && !has(senses, "cidr") {
		senses = append(senses, sense{"cidr", s.source})
	}
	if s.service != "" && has(senses, "onlyFrom") && !has(senses, "service") && !has(senses, "ports") {
		senses = append(senses, sense{"service", s.service})
	}
	return senses
}

// tells says that tokens only tell how things are, such as "GuardDuty is fine".
func (l *loose) tells(senses []sense, tokens []token) bool {
	return l.copula(tokens) && l.bare(senses)
}

// copula says that tokens have a verb of how things are, and none of how they are to
// be.
func (l *loose) copula(tokens []token) bool {
	is := wordsOf(`is are was were it's they're that's works work worked`)
	return is.any(tokens) && !slices.ContainsFunc(tokens, func(t token) bool { return t.word == "be" || l.duties[t.word] })
}

// bare says that senses name things, with no amount, direction or verb of an order.
func (l *loose) bare(senses []sense) bool {
	return !slices.ContainsFunc(senses, func(one sense) bool { return !softKinds()[one.kind] && (isValue(one.kind) || !l.things[one.kind]) })
}

// subject says that a piece only names what the next one tells something of, as in
// "GuardDuty and the WAF are fine".
func (l *loose) subject(piece, next []token) bool {
	_, rest, ok := l.place(trim(piece))
	if !ok || len(rest) == 0 || len(next) == 0 || next[0].word != "and" && !next[0].sep || !l.copula(next) || l.finite.any(piece) {
		return false
	}
	senses, ok := l.senses(rest)
	return ok && len(senses) > 0 && l.bare(senses) && !l.imperatives[rest[0].word]
}

// another says that tokens speak of the files of what was spoken of before, such as
// CloudTrail's: these are no bucket's that was named.
func (s *said) another(senses []sense, tokens []token) bool {
	return has(senses, "objects") && !has(senses, "bucket") && s.bucket == "" && s.topic != "objects" &&
		slices.ContainsFunc(tokens, func(t token) bool { return t.word == "its" || t.word == "their" })
}

// apiece says that an amount is one for each of something, as in "one for each zone"
// and "2 zones for every node": that many of it are not wanted.
func apiece(tokens []token) bool {
	for i := 1; i+1 < len(tokens); i++ {
		if !forEach(tokens[i:]) {
			continue
		}
		for back := max(0, i-2); back < i; back++ {
			if _, taken := parseCount(tokens[back:]); taken > 0 {
				return true
			}
		}
	}
	return false
}

// compares says that an amount is told by another: "twice as many as Virginia has",
// "the same as Ireland", "one more than in Singapore".
func (l *loose) compares(tokens []token) bool {
	for i, t := range tokens {
		rest := tokens[i+1:]
		if begins(tokens[i:], []string{"as", "long", "as"}) > 0 {
			return false // a condition
		}
		if at := slices.IndexFunc(rest, func(o token) bool { return o.word == "as" }); at >= 0 && (t.word == "as" || t.word == "same") {
			return !asNow(rest[at+1:])
		}
		if t.word != "than" {
			continue
		}
		for len(rest) > 0 && (rest[0].word == "in" || rest[0].word == "the") {
			rest = rest[1:]
		}
		if len(rest) > 0 {
			if found, _ := l.grammar.atlas.region(adjectives(rest)); len(found) > 0 {
				return true
			}
		}
	}
	return false
}

// asNow says that what something is to be like is what it is already.
func asNow(tokens []token) bool {
	return len(tokens) > 0 && slices.Contains([]string{"today", "now", "before", "currently", "ever", "usual"}, tokens[0].word)
}

func forEach(tokens []token) bool {
	return len(tokens) > 1 && tokens[0].word == "for" && (tokens[1].word == "each" || tokens[1].word == "every")
}

// tell takes sentences up, with whose the ranges of addresses in them are.
func (s *said) tell(text, place string, senses []sense) {
	for part := range strings.SplitSeq(text, "; ") {
		s.sentences = append(s.sentences, part+place)
	}
	for _, one := range senses {
		if one.kind == "label" {
			s.context = append(s.context, one.text)
		}
	}
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

// left says again an order to leave the region that was spoken of before, such as "get
// our workload out of there" and "fail everything over to the other two regions".
func (l *loose) left(s said, tokens []token) string {
	region, named := strings.CutPrefix(s.where, " in ")
	if !named || strings.Contains(region, ",") || len(s.sentences) > 0 {
		return ""
	}
	said := spell(tokens)
	for _, text := range []string{strings.Replace(said, " out of there", " out of "+region, 1), said + " from " + region} {
		again, err := lex(text)
		if err != nil || text == said {
			continue
		}
		if a, err := l.grammar.objective(again); a != nil && err == nil && a.intent == evacuateRegion().Name {
			return text
		}
	}
	return ""
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
		if tokens[i].word == "outside" {
			if found, n := l.grammar.atlas.list(tokens[i+1:]); n > 0 {
				regions, i = append(regions, l.grammar.atlas.others(found)...), i+1+n
				continue
			}
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
