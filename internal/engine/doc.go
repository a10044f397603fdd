// Package engine runs Pulumi programs and Terraform workspaces behind one
// interface. Engines dispatches on the kind of a stack; each engine previews,
// applies exactly what was judged, observes without writing, and heals what a
// crash left behind. The engines run as child processes in an environment
// built from nothing, die with this process, and are limited by cores and
// memory with fairness among stacks.
package engine
