package agent

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// senses are what tokens mean, without fillers; false when a word is not known.
func (l *loose) senses(tokens []token) ([]sense, bool) {
	var senses []sense
	tokens = removals(particles(tokens))
	for i := 0; i < len(tokens); {
		if begins(tokens[i:], []string{"up", "to"}) > 0 && rises(tokens[:i]) {
			senses, i = append(senses, sense{kind: "to"}), i+2
			continue
		}
		if n := l.corrected(tokens[i:]); n > 0 {
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
		s, n := l.calledOrSense(tokens, i)
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

// calledOrSense reads a name behind "called", whatever else the word means, or a sense.
func (l *loose) calledOrSense(tokens []token, i int) (sense, int) {
	if i > 0 && (tokens[i-1].word == "called" || tokens[i-1].word == "named") {
		if text, ok := name(tokens[i]); ok {
			return sense{"name", text}, 1
		}
	}
	return l.sense(tokens[i:])
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

// removals has "take one server away" as "remove one server", and "throw two servers at it"
// as "add two servers".
func removals(tokens []token) []token {
	n := len(tokens)
	if n < 3 || tokens[0].word != "take" && tokens[0].word != "throw" {
		return tokens
	}
	if isAction(tokens[1].raw) {
		return slices.DeleteFunc(slices.Clone(tokens), func(t token) bool { return t.word == "away" })
	}
	if tokens[n-1].word == "away" {
		return append([]token{{raw: "remove", word: "remove"}}, tokens[1:n-1]...)
	}
	if at := slices.IndexFunc(tokens, func(t token) bool { return t.word == "at" }); at > 1 && tokens[0].word == "throw" {
		return slices.Concat([]token{{raw: "add", word: "add"}}, tokens[1:at], tokens[at+1:])
	}
	return tokens
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
	if n := outOf(tokens); n > 0 {
		return []sense{{"num", tokens[0].word}}, n
	}
	if slices.Contains([]string{"need", "needs", "requires", "lacks"}, tokens[0].word) && len(tokens) > 1 && isAction(tokens[1].raw) {
		return []sense{{kind: "grant"}}, 1
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
	return l.valued(tokens)
}

// valued reads words that say what the value behind them is: the new one, the
// difference, the period or a bound.
func (l *loose) valued(tokens []token) ([]sense, int) {
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

// outOf counts the tokens of "one of its two", of which the first says how many.
func outOf(tokens []token) int {
	_, n := parseCount(tokens)
	if n != 1 || len(tokens) < 4 || tokens[1].word != "of" || !slices.Contains([]string{"its", "the", "our", "their", "those", "these", "my"}, tokens[2].word) {
		return 0
	}
	if _, of := parseCount(tokens[3:]); of > 0 {
		return 3 + of
	}
	return 0
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

// oneUnit reads "a week", "an hour" and "a full week".
func oneUnit(tokens []token) (string, int) {
	if len(tokens) < 2 || !slices.Contains([]string{"a", "an", "one"}, tokens[0].word) {
		return "", 0
	}
	n := 1
	if len(tokens) > 2 && slices.Contains([]string{"full", "whole", "entire"}, tokens[1].word) {
		n = 2
	}
	if _, ok := unitOf(tokens[n].word); !ok || len(tokens[n].word) < 3 {
		return "", 0
	}
	return "1 " + tokens[n].word, n + 1
}

// corrected counts the tokens of "from six to", of which only what comes next is
// wanted, and of "instead of 30" and "not after 30".
func (l *loose) corrected(tokens []token) int {
	if len(tokens) < 2 {
		return 0
	}
	switch tokens[0].word {
	case "from":
		return l.formerly(tokens)
	case "instead", "rather":
		if tokens[1].word != "of" && tokens[1].word != "than" {
			return 0
		}
		end := len(tokens)
		if i := slices.IndexFunc(tokens[2:], func(t token) bool { return t.sep || !nounlike(t.word) }); i >= 0 {
			end = i + 2
		}
		if unknown, _, _ := l.contents(tokens[2:end]); unknown {
			return 0
		}
		return end
	case "not":
		i := 1 + skip(tokens[1:], "just", "only", "after", "at", "to", "in", "for")
		if _, n := oneUnit(tokens[i:]); n > 0 && i+n == len(tokens) {
			return len(tokens)
		}
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

// formerly counts the tokens of "from six to", "from one shard to" and "from info to".
func (l *loose) formerly(tokens []token) int {
	_, n := parseCount(tokens[1:])
	if was, taken := l.sense(tokens[1:]); n == 0 && slices.Contains([]string{"pct", "dur", "size", "type", "level"}, was.kind) {
		n = taken
	}
	if n == 0 {
		return 0
	}
	for i := 1 + n; i < min(len(tokens), n+4); i++ {
		if tokens[i].word == "to" {
			return i + 1
		}
		if _, known := l.sense(tokens[i:]); known == 0 && !l.fillers[tokens[i].word] {
			return 0
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
