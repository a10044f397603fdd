package agent

import (
	"slices"
	"strings"
	"unicode"
)

// serving is the one service that a statement names, "" for none or several.
func (l *loose) serving(tokens []token) (service string) {
	for i := 0; i < len(tokens); {
		s, n := l.sense(tokens[i:])
		if s.kind == "service" && !l.fillers[tokens[i].word] {
			if service != "" && service != s.text {
				return ""
			}
			service = s.text
		}
		i += max(1, n)
	}
	return service
}

// motive says that what stands before a colon says why what stands behind it is
// wanted.
func (l *loose) motive(tokens []token) bool {
	core := plain(tokens)
	return len(core) > 0 && !l.imperatives[core[0].word] && !l.commands(core) && !l.conditions.any(tokens) && !l.menaces(tokens)
}

// idle says that tokens are words of courtesy alone, or that nobody needs something
// any more.
func (l *loose) idle(tokens []token) bool {
	if l.rest(tokens) {
		return true
	}
	if n := len(tokens); n > 2 && slices.Contains([]string{"nothing", "nobody"}, tokens[0].word) &&
		slices.Contains([]string{"listens", "uses", "needs", "reads", "wants"}, tokens[1].word) && (tokens[n-1].word == "more" || tokens[n-1].word == "anymore" || tokens[n-1].word == "longer") {
		unknown, _, things := l.contents(tokens[2:])
		return !unknown && !things
	}
	return !slices.ContainsFunc(tokens, func(t token) bool {
		return !slices.Contains([]string{"hi", "hello", "hey", "team", "folks", "please", "thanks", "thx", "thank", "you", "all", "everyone", "cheers"}, t.word)
	})
}

// rest says that tokens only have everything else stay as it is.
func (l *loose) rest(tokens []token) bool {
	stay, change := wordsOf(`stay stays remain remains unchanged same untouched`), wordsOf(`change changes changed touched`)
	for words, verbs := range map[string]wordSet{
		"nothing else": change, "everything else": stay, "all else": stay, "the rest": stay, "the data": stay, "all data": stay, "data": stay,
	} {
		n := begins(tokens, strings.Fields(words))
		if n == 0 || !verbs.any(tokens[n:]) {
			continue
		}
		others := wordsOf(`about it as is should may must to the please will there`)
		return !slices.ContainsFunc(tokens[n:], func(t token) bool { return !verbs[t.word] && !others[t.word] })
	}
	return false
}

// heading reads what stands before a colon and only says what is spoken of, and where,
// such as "artifacts in ap-southeast-1".
func (l *loose) heading(s *said, tokens []token) bool {
	where, rest, ok := l.place(tokens)
	if !ok || len(rest) == 0 {
		return false
	}
	senses, ok := l.senses(rest)
	if !ok || len(senses) != 1 || !l.things[senses[0].kind] || senses[0].kind != "artifacts" && l.about(rest) == "" {
		return false
	}
	if where != "" {
		s.where = where
	}
	s.topic = l.about(rest)
	if senses[0].kind == "artifacts" {
		s.topic, s.bucket = "objects", "artifacts"
	}
	return true
}

// menaces says that tokens have a word of danger that no reason needs.
func (l *loose) menaces(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool {
		return l.dangers[t.word] && !slices.Contains([]string{"nobody", "without", "share", "account", "accounts", "nothing"}, t.word)
	})
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

// reasoned reads an order with the reason before or behind it.
func (l *loose) reasoned(s *said, tokens []token) bool {
	for k := 1; k < len(tokens)-1; k++ {
		if told := s.clone(); l.reason(tokens[k:]) && l.ask(&told, trim(tokens[:k])) && (!told.defaulted || !l.placed(tokens[k:])) {
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
	if !slices.Contains(reasonWords(), tokens[0].word) || l.conditional(tokens) || !l.incidental(tokens[1:]) || forEach(tokens) {
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
		case word == "when" && l.statements.any(tokens[:k]) && past().any(tokens[k:]): // it tells when that was
		case l.conditions[word] && !timed(tokens[k+1:]) && (word != "after" || !l.statements.any(tokens[k:])):
			found++
		}
	}
	return found > 1 || found == 1 && !explained
}

// past are verbs that tell of what is over.
func past() wordSet { return wordsOf(`was were had did went happened`) }

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
		if core := plain(trim(piece)); len(core) > 0 && !perceives(trim(piece)) && !isNoun(core) && (l.imperatives[core[0].word] || l.commands(core)) {
			return false
		}
	}
	return (!l.duties.any(tokens) || !l.names(tokens)) && l.incidental(tokens)
}

// isNoun says that the first of the tokens is no verb, as a verb stands behind it:
// "launch is on Thursday".
func isNoun(tokens []token) bool {
	return len(tokens) > 2 && wordsOf(`is was are were has had took takes will went`)[tokens[1].word]
}

// describes says that a word denies only what somebody has or knows, as in "we don't
// have any backups": that orders nothing.
func describes(tokens []token, at int) bool {
	return at > 0 && at+1 < len(tokens) && slices.Contains([]string{"don't", "can't", "cannot", "doesn't", "didn't"}, tokens[at].word) &&
		wordsOf(`we i they you it people users customers nodes servers clients`)[tokens[at-1].word] &&
		wordsOf(`have know see tell find understand upload remember`)[tokens[at+1].word] && begins(tokens[at+1:], []string{"have", "to"}) == 0
}

// perceives says that tokens tell what somebody sees, such as "we keep finding".
func perceives(tokens []token) bool {
	if len(tokens) < 3 || tokens[0].word != "we" && tokens[0].word != "i" {
		return false
	}
	return slices.Contains([]string{"see", "find", "notice"}, tokens[1].word) ||
		tokens[1].word == "keep" && slices.Contains([]string{"seeing", "finding", "getting", "losing", "hitting"}, tokens[2].word)
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
		case s.kind == "service" && l.fillers[tokens[i].word]: // "dns" is more than a port
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
	if len(tokens) < 2 || l.openings[tokens[0].word] || l.finite[tokens[0].word] || wordsOf(`notice realise realize discover`)[tokens[0].word] {
		return false
	}
	return l.objects[tokens[1].word]
}

// incidental is harmless for words behind "because" and "to", which may begin with
// a verb.
func (l *loose) incidental(tokens []token) bool {
	for i, t := range tokens {
		ours := i > 0 && t.word == "account" && (tokens[i-1].word == "our" || tokens[i-1].word == "aws")
		if l.dangers[t.word] && !describes(tokens, i) && !ours {
			return false
		}
	}
	unknown, amounts, things := l.contents(tokens)
	if amounts && !l.statements.any(tokens) && (things || !l.finite.any(tokens)) {
		return false
	}
	return unknown || len(plain(tokens)) < 3 || (len(plain(tokens)) > 4 || l.finite.any(tokens)) && !l.duties.any(tokens)
}
