package memory

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// Embedder turns texts into vectors, such that texts of like meaning have a
// large dot product. It may be called concurrently.
type Embedder interface {
	// Embed returns a vector of Dimensions numbers for each text.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Dimensions may be 0 until the first answer, and stays as it is from then on.
	Dimensions() int
	// Name is different for embedders whose vectors can't be compared. It is known
	// when Dimensions is.
	Name() string
}

// hashedDimensions is the length of Hashed's vectors.
const hashedDimensions = 384

// Weights of features: a word says more than its parts.
const (
	wordWeight  = 1.0
	pairWeight  = 0.5
	gramWeight  = 0.25
	shortestRun = 3
	longestRun  = 5
)

// Hashed is an embedder that needs no model: words, pairs of words, and runs of 3
// to 5 characters of each word are hashed to 384 numbers with a sign (Weinberger et
// al., "Feature hashing for large scale multitask learning", 2009). A feature
// counts by the root of its number, and vectors have length 1. All steps are exact
// in IEEE 754, so the same text has the same vector on every machine.
type Hashed struct{}

// Name is that of the scheme.
func (Hashed) Name() string { return "hashed-384-v1" }

// Dimensions is 384.
func (Hashed) Dimensions() int { return hashedDimensions }

// Embed never waits; it ends early with ctx.
func (h Hashed) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("embed: %w", err)
		}
		out[i] = h.vector(text)
	}
	return out, nil
}

// vector is zero for a text without letters and digits.
func (Hashed) vector(text string) []float32 {
	f := features{counts: map[uint64]int{}, weights: map[uint64]float64{}}
	previous := ""
	for _, word := range contentWords(text) {
		f.add("w:"+word, wordWeight)
		if previous != "" {
			f.add("p:"+previous+" "+word, pairWeight)
		}
		previous = word
		f.addRuns(word)
	}
	sums := make([]float64, hashedDimensions)
	for _, hash := range f.order {
		value := f.weights[hash] * math.Sqrt(float64(f.counts[hash]))
		if hash>>63 == 1 {
			value = -value
		}
		sums[hash%hashedDimensions] += value
	}
	return normalised(sums)
}

// features counts hashes in the order of their first appearance, so that sums are
// made in one order.
type features struct {
	counts  map[uint64]int
	weights map[uint64]float64
	order   []uint64
}

func (f *features) add(name string, weight float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	hash := mix(h.Sum64())
	if f.counts[hash] == 0 {
		f.order = append(f.order, hash)
		f.weights[hash] = weight
	}
	f.counts[hash]++
}

// mix spreads the bits of a hash (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (f *features) addRuns(word string) {
	runes := []rune("<" + word + ">")
	for n := shortestRun; n <= longestRun; n++ {
		for i := 0; i+n <= len(runes); i++ {
			f.add("c:"+string(runes[i:i+n]), gramWeight)
		}
	}
}

// longestWord bounds a word, in runes.
const longestWord = 40

// contentWords are the words of a text in lower case, without those that say
// nothing alone unless there are no others.
func contentWords(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var kept []string
	for i, word := range all {
		if runes := []rune(word); len(runes) > longestWord {
			all[i] = string(runes[:longestWord])
		}
		if !stopWord(word) {
			kept = append(kept, all[i])
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

func stopWord(word string) bool {
	switch word {
	case "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "had", "has", "have", "in", "is", "it", "its",
		"of", "on", "or", "that", "the", "their", "then", "there", "this", "to", "was", "we", "were", "which", "will", "with":
		return true
	default:
		return false
	}
}

// normalised has length 1, or is zero as its argument. Explicit conversions keep
// compilers from fusing a product with a sum, which some machines would round
// otherwise.
func normalised(v []float64) []float32 {
	var squares float64
	for _, x := range v {
		squares += float64(x * x)
	}
	out := make([]float32, len(v))
	if squares == 0 {
		return out
	}
	length := math.Sqrt(squares)
	for i, x := range v {
		out[i] = float32(x / length)
	}
	return out
}
