package agent

import "time"

// The readers of a match's values. A pattern names the kind of each slot, so
// a value that is there has the kind's type; one that is not is zero.

func (a args) has(name string) bool { _, ok := a[name]; return ok }

func (a args) count(name string) int { n, _ := a[name].(int); return n }

func (a args) factor(name string) float64 { f, _ := a[name].(float64); return f }

func (a args) text(name string) string { s, _ := a[name].(string); return s }

func (a args) list(name string) []string { l, _ := a[name].([]string); return l }

func (a args) duration() time.Duration { d, _ := a["d"].(time.Duration); return d }

func (a args) ports() portRange { p, _ := a["p"].(portRange); return p }
