package agent

// Read names the intents that a text is read as.
func Read(regions []string, text string) (names []string, err error) {
	clauses, err := newGrammar(regions).parse(text)
	for _, c := range clauses {
		names = append(names, c.intent.Name)
	}
	return names, err
}
