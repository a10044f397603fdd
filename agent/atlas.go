package agent

import (
	"slices"
	"strings"
)

// atlas knows the configured regions and how people call regions.
type atlas struct{ configured []string }

// regionNames are common names of AWS regions, in lower case.
func regionNames() map[string]string {
	return map[string]string{
		"virginia": "us-east-1", "n virginia": "us-east-1", "n. virginia": "us-east-1", "north virginia": "us-east-1",
		"northern virginia": "us-east-1", "ohio": "us-east-2", "california": "us-west-1", "n california": "us-west-1",
		"northern california": "us-west-1", "oregon": "us-west-2", "canada": "ca-central-1", "montreal": "ca-central-1",
		"calgary": "ca-west-1", "mexico": "mx-central-1", "sao paulo": "sa-east-1", "são paulo": "sa-east-1", "brazil": "sa-east-1",
		"ireland": "eu-west-1", "dublin": "eu-west-1", "london": "eu-west-2", "paris": "eu-west-3", "frankfurt": "eu-central-1",
		"zurich": "eu-central-2", "stockholm": "eu-north-1", "milan": "eu-south-1", "spain": "eu-south-2",
		"cape town": "af-south-1", "bahrain": "me-south-1", "uae": "me-central-1", "tel aviv": "il-central-1",
		"mumbai": "ap-south-1", "hyderabad": "ap-south-2", "singapore": "ap-southeast-1", "sydney": "ap-southeast-2",
		"jakarta": "ap-southeast-3", "melbourne": "ap-southeast-4", "malaysia": "ap-southeast-5", "tokyo": "ap-northeast-1",
		"seoul": "ap-northeast-2", "osaka": "ap-northeast-3", "hong kong": "ap-east-1",
	}
}

// continent is the prefix of the regions of a part of the world.
func continent(word string) string {
	switch word {
	case "europe", "eu":
		return "eu-"
	case "asia", "apac":
		return "ap-"
	case "america", "us", "usa":
		return "us-"
	default:
		return ""
	}
}

// region reads one region, or the regions of a continent, at the beginning of
// tokens. Names of regions that are not configured are read too.
func (a atlas) region(tokens []token) (regions []string, taken int) {
	if len(tokens) == 0 || tokens[0].word == "" {
		return nil, 0
	}
	word := tokens[0].word
	names := regionNames()
	if len(tokens) > 1 {
		if id, ok := names[word+" "+tokens[1].word]; ok {
			return []string{id}, 2
		}
	}
	if id, ok := names[word]; ok {
		return []string{id}, 1
	}
	if looksLikeRegion(word) || slices.Contains(a.configured, word) {
		return []string{word}, 1
	}
	prefix := continent(word)
	for _, id := range a.configured {
		if prefix != "" && strings.HasPrefix(id, prefix) {
			regions = append(regions, id)
		}
	}
	if len(regions) == 0 {
		return nil, 0
	}
	return regions, 1
}

// looksLikeRegion says that a word has the form of a region's id, such as
// "eu-west-1".
func looksLikeRegion(word string) bool {
	parts := strings.Split(word, "-")
	n := len(parts)
	if n < 3 || n > 4 || len(parts[0]) != 2 || len(parts[n-1]) != 1 || parts[n-1][0] < '1' || parts[n-1][0] > '9' {
		return false
	}
	for _, p := range parts[:n-1] {
		if p == "" || strings.ContainsFunc(p, func(r rune) bool { return r < 'a' || r > 'z' }) {
			return false
		}
	}
	return true
}

// list reads regions joined by commas and "and".
func (a atlas) list(tokens []token) (regions []string, taken int) {
	taken = skip(tokens, "the", "region", "regions")
	for {
		found, n := a.region(tokens[taken:])
		if n == 0 {
			break
		}
		regions, taken = append(regions, found...), taken+n
		taken += skip(tokens[taken:], "region", "regions")
		next := taken
		for next < len(tokens) && (tokens[next].sep || tokens[next].word == "or") {
			next++
		}
		next += skip(tokens[next:], "in", "from", "for", "the")
		if _, more := a.region(tokens[next:]); more == 0 || next == taken {
			break
		}
		taken = next
	}
	if len(regions) == 0 {
		return nil, 0
	}
	slices.Sort(regions)
	return slices.Compact(regions), taken
}

// decided refuses a choice between regions, as in "a node in Ireland or Singapore":
// nobody said which. What is denied or lost may be either.
func (a atlas) decided(tokens []token) error {
	for i, t := range tokens {
		if t.word != "or" {
			continue
		}
		end := i // of what stands before it
		for end > 0 && tokens[end-1].sep {
			end--
		}
		begun := end
		for begun > 0 && !tokens[begun-1].sep {
			begun--
		}
		after := i + 1 + skip(tokens[i+1:], "in", "for", "the")
		if _, n := a.region(tokens[after:]); n > 0 && a.endsWithRegion(tokens[begun:end]) && !eitherIsMeant().any(tokens[begun:end]) {
			return refuse("ambiguous: %q leaves open which of the regions is meant; name one, or join them by “and”", spell(tokens[begun:after+n]))
		}
	}
	return nil
}

// endsWithRegion says that tokens end with the name of a region or of several.
func (a atlas) endsWithRegion(tokens []token) bool {
	for from := max(0, len(tokens)-4); from < len(tokens); from++ {
		if _, n := a.region(tokens[from:]); n > 0 && from+n+skip(tokens[from+n:], "region") == len(tokens) {
			return true
		}
	}
	return false
}

// eitherIsMeant are words with which "or" means each of what it joins.
func eitherIsMeant() wordSet {
	return wordsOf(`not no never nothing don't mustn't can't cannot except excluding outside without avoid skip neither lose loses losing lost loss failure fails fail outage
		disaster when if any whether`)
}

// others are the configured regions but these.
func (a atlas) others(regions []string) []string {
	return slices.DeleteFunc(slices.Clone(a.configured), func(id string) bool { return slices.Contains(regions, id) })
}

// everywhere counts the tokens of "everywhere" or "in all regions".
func everywhere(tokens []token) int {
	if len(tokens) == 0 {
		return 0
	}
	if slices.Contains([]string{"everywhere", "globally", "worldwide"}, tokens[0].word) {
		return 1
	}
	i := 0
	if slices.Contains(prepositions(), tokens[0].word) {
		i++
	}
	all := skip(tokens[i:], "all", "every", "each", "any")
	if all == 0 {
		return 0
	}
	i += all
	i += skip(tokens[i:], "of", "the", "our")
	if _, n := parseCount(tokens[i:]); n > 0 {
		i += n
	}
	if i < len(tokens) && (tokens[i].word == "region" || tokens[i].word == "regions") {
		return i + 1
	}
	return 0
}

func prepositions() []string {
	return []string{"in", "at", "on", "within", "across", "inside", "for", "of", "over", "from", "to"}
}

// skip counts leading tokens that are one of the words.
func skip(tokens []token, words ...string) int {
	n := 0
	for n < len(tokens) && tokens[n].word != "" && slices.Contains(words, tokens[n].word) {
		n++
	}
	return n
}

// scope is where a clause holds.
type scope struct {
	// named are the regions that the clause names; nil is none named.
	named []string
	// all says that it says "everywhere"; except are taken away from all.
	all    bool
	except []string
	// leading says that the clause begins with it.
	leading bool
}

func (s scope) given() bool { return s.all || len(s.named) > 0 || len(s.except) > 0 }

// narrow says that the scope is less than everything.
func (s scope) narrow() bool { return len(s.named) > 0 || len(s.except) > 0 }

// scopeOf takes the words about regions out of a clause. ok is false when the
// clause has two scopes that don't belong together.
func (a atlas) scopeOf(tokens []token) (s scope, rest []token, ok bool) {
	for i := 0; i < len(tokens); {
		if n := everywhere(tokens[i:]); n > 0 {
			if s.all || len(s.named) > 0 {
				return scope{}, nil, false
			}
			s.all, s.leading = true, s.leading || i == 0
			i += n
			continue
		}
		if out, n := a.exclusion(tokens[i:]); n > 0 {
			s.except = append(s.except, out...)
			i += n
			continue
		}
		if in, n := a.inclusion(tokens[i:]); n > 0 {
			if s.all || len(s.named) > 0 {
				return scope{}, nil, false
			}
			s.named, s.leading = in, s.leading || i == 0
			i += n
			continue
		}
		rest = append(rest, tokens[i])
		i++
	}
	return s, trim(rest), true
}

// exclusion reads "except eu-west-1".
func (a atlas) exclusion(tokens []token) ([]string, int) {
	i := skip(tokens, "except", "excluding", "excepting", "but")
	switch {
	case i > 0:
		i += skip(tokens[i:], "for", "in", "not")
	case len(tokens) > 2 && slices.Contains([]string{"other than", "apart from", "not in"}, tokens[0].word+" "+tokens[1].word):
		i = 2
	default:
		return nil, 0
	}
	regions, n := a.list(tokens[i:])
	if n == 0 {
		return nil, 0
	}
	return regions, i + n
}

// inclusion reads "in eu-west-1 and us-east-1", with or without preposition.
func (a atlas) inclusion(tokens []token) ([]string, int) {
	i := skip(tokens, "only", "just")
	if i < len(tokens) && slices.Contains(prepositions(), tokens[i].word) {
		i++ // one: in "set x to on in eu-west-1" the others are the goal's own words
	}
	i += skip(tokens[i:], "only", "just")
	regions, n := a.list(tokens[i:])
	if n == 0 {
		return nil, 0
	}
	return regions, i + n
}

// trim drops separators at both ends.
func trim(tokens []token) []token {
	for len(tokens) > 0 && tokens[0].sep {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].sep {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// resolve lists the regions of a scope, in the configured order.
func (a atlas) resolve(s scope) ([]string, error) {
	for _, id := range append(slices.Clone(s.named), s.except...) {
		if !slices.Contains(a.configured, id) {
			return nil, refuse("region %s is not one of the estate's: %s", id, strings.Join(a.configured, ", "))
		}
	}
	regions := slices.Clone(a.configured)
	if len(s.named) > 0 {
		regions = slices.DeleteFunc(regions, func(id string) bool { return !slices.Contains(s.named, id) })
	}
	regions = slices.DeleteFunc(regions, func(id string) bool { return slices.Contains(s.except, id) })
	if len(regions) == 0 {
		return nil, refuse("no region is left")
	}
	return regions, nil
}
