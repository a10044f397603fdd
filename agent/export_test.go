package agent

// Reader returns a function that names the intents that a text is read as.
func Reader(regions []string) func(text string) (names []string, err error) {
	g := newGrammar(regions)
	return func(text string) (names []string, err error) {
		clauses, err := g.parse(text)
		for _, c := range clauses {
			names = append(names, c.intent.Name)
		}
		return names, err
	}
}
