package agent

import (
	"slices"
	"strings"
)

// personal has "us" as the pronoun where it is one, as in "get us two more servers in
// Ireland", and leaves the country, which is written "US", "the us", "in us" or "eu and
// us".
func personal(tokens []token) []token {
	for i, t := range tokens {
		if t.raw == "us" && pronoun(tokens, i) {
			tokens[i].word = "we"
		}
	}
	return tokens
}

func pronoun(tokens []token, at int) bool {
	before, after := at-1, at+1
	if before >= 0 && slices.Contains([]string{"in", "the", "across", "within", "inside", "our"}, tokens[before].word) ||
		after < len(tokens) && slices.Contains([]string{"region", "regions", "east", "west"}, tokens[after].word) {
		return false
	}
	if listed(tokens, at, -1) || listed(tokens, at, 1) {
		return false
	}
	for i, t := range tokens {
		if i != at && isPlace(t.word) {
			return true // where it is, is said otherwise
		}
	}
	return before >= 0 && governs(tokens[before].word)
}

// listed says that a place stands beside a word, with "and" or a comma between them.
func listed(tokens []token, at, step int) bool {
	next := at + step
	joined := false
	for next >= 0 && next < len(tokens) && (tokens[next].sep || slices.Contains([]string{"or", "in", "the"}, tokens[next].word)) {
		joined = joined || tokens[next].sep || tokens[next].word == "or"
		next += step
	}
	return joined && next >= 0 && next < len(tokens) && isPlace(tokens[next].word)
}

// isPlace says that a word names a region, a country or a continent.
func isPlace(word string) bool {
	if _, ok := regionNames()[word]; ok {
		return true
	}
	return word != "us" && continent(word) != "" || looksLikeRegion(word)
}

// governs says that a word has a person behind it: a verb of giving, wishing and doing
// to somebody, or a preposition.
func governs(word string) bool {
	return slices.Contains(strings.Fields(`give get let took cost hit woke gave got told made kept left brought lost sent caught want need cost help tell allow bring ask reach keep make show save buy grant lend leave enable permit require
		to for from with by of on at than around between among all some any both each`), word) ||
		len(word) > 3 && (strings.HasSuffix(word, "s") || strings.HasSuffix(word, "ed") || strings.HasSuffix(word, "ing"))
}
