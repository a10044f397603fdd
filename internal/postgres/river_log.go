package postgres

import (
	"context"
	"log/slog"
)

// warnings passes on what is at least a warning: River reports its own routine
// at level info.
func warnings(log *slog.Logger) *slog.Logger { return slog.New(atLeast{log.Handler()}) }

type atLeast struct{ slog.Handler }

// Enabled says whether a record of the level is wanted.
func (h atLeast) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// WithAttrs keeps the bound.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the bound.
func (h atLeast) WithGroup(name string) slog.Handler { return atLeast{h.Handler.WithGroup(name)} }
