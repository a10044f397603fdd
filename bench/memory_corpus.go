package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

// corpus writes texts of made-up words that are as common as words are (Zipf's
// law), the same in each run.
type corpus struct {
	draw  *rand.Rand
	words []string
	zipf  *rand.Zipf
	// kept are some texts, of which queries are made.
	kept []string
}

const corpusWords = 20_000

func newCorpus() *corpus {
	draw := rand.New(rand.NewPCG(28, 384)) //nolint:gosec // the same in each run
	c := &corpus{draw: draw, zipf: rand.NewZipf(draw, 1.07, 8, corpusWords-1)}
	syllables := strings.Fields("ba co de fi gu ha jo ke li mu na po qui re si tu ve wo xa yo za bra cle dro fli gra pli sta tro ster ment ing ion al er")
	for i := range corpusWords {
		var word strings.Builder
		for range 2 + draw.IntN(3) {
			word.WriteString(syllables[draw.IntN(len(syllables))])
		}
		c.words = append(c.words, fmt.Sprintf("%s%c", word.String(), 'a'+rune(i%26)))
	}
	return c
}

func (c *corpus) text(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = c.words[c.zipf.Uint64()]
	}
	return words
}

// entries are n memories, a second apart, with their vectors.
func (c *corpus) entries(ctx context.Context, from, n int) ([]memory.Entry, error) {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strings.Join(c.text(12+c.draw.IntN(30)), " ")
		if (from+i)%97 == 0 {
			c.kept = append(c.kept, texts[i])
		}
	}
	vectors, err := memory.Hashed{}.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	entries := make([]memory.Entry, n)
	outcomes := []aegis.MemoryOutcome{aegis.MemorySucceeded, aegis.MemoryFailed, ""}
	for i, text := range texts {
		at := time.Now().Add(-time.Duration(from+i+1) * time.Second)
		entries[i] = memory.Entry{Vector: vectors[i], Embedder: memory.Hashed{}.Name(), Memory: aegis.Memory{
			MemoryID: aegis.NewID(aegis.MemoryPrefix, at), AgentID: memoryAgent, Kind: aegis.MemorySemantic, Text: text,
			Provenance: aegis.MemoryProvenance{Source: aegis.MemoryFromTool, Tool: "bench"},
			Outcome:    outcomes[(from+i)%len(outcomes)], CreatedAt: at,
		}}
	}
	return entries, nil
}

// queries are about memories that are there: six of the words of one, in another
// order, and two others.
func (c *corpus) queries(n int) []string {
	out := make([]string, n)
	for i := range out {
		words := strings.Fields(c.kept[c.draw.IntN(len(c.kept))])
		c.draw.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		out[i] = strings.Join(append(words[:6:6], c.text(2)...), " ")
	}
	return out
}
