// Package policies is the gate: it asks Open Policy Agent whether a change
// may happen. The rules are Rego modules in an ordinary OPA bundle: the one
// embedded here, or a directory that replaces it. The gate fails closed: a
// bundle that is missing, undefined, in error or too slow denies, with a code
// that says so.
//
// Rules are pure functions of their input and of the bundle's data: built-in
// functions that read the clock, the network, the environment or chance are
// not compiled, so that a decision can be replayed on its recorded input.
package policies
