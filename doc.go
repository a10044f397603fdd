// Package aegis is the vocabulary of AegisWorld: goals, specs, change sets,
// plans, policy decisions, stacks and incidents, as plain values. It imports
// the standard library only and does no I/O. Every other package speaks in
// these types; JSON field names are the ones of the public contract.
package aegis
