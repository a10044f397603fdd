package toolchain

import (
	"context"
	"slices"
)

// piece is one thing that the engines or the sandbox need.
type piece struct {
	name     string
	required bool
	// sandbox says that only the sandbox runs it.
	sandbox bool
	// remedy says what a person can do when it is missing.
	remedy string
	// find looks for it, notes it in the tools and says what it found. A
	// missing piece is an Item that is not OK.
	find func(context.Context, *machine, *Tools) Item
	// stale says that what was found is older than its sources; nil is never.
	stale func(*machine, *Tools) bool
	// get fetches, builds or installs it; nil when Setup cannot.
	get func(context.Context, *machine, *Tools, progress) error
}

// progress tells the person who runs Setup what happens.
type progress func(format string, args ...any)

// look finds the piece and completes the item.
func (p piece) look(ctx context.Context, m *machine, tools *Tools) Item {
	item := p.find(ctx, m, tools)
	item.Name, item.Required = p.name, p.required
	if !item.OK && item.Remedy == "" {
		item.Remedy = p.remedy
	}
	return item
}

// wanted lists what was asked for.
func (m *machine) wanted() []piece {
	return slices.DeleteFunc(pieces(), func(p piece) bool { return p.sandbox && m.enginesOnly })
}

// pieces lists everything, each after what it depends on.
func pieces() []piece {
	return []piece{
		pulumiCLI(),
		languageHost(),
		terraformCLI(),
		terraformProvider(),
		awsPlugin(),
		postgresServer(),
		pgvector(),
		awsEmulator(),
		redisServer(),
	}
}
