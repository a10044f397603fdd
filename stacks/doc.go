// Package stacks holds the Pulumi programs of the estate, one per layer, with
// the schemas, defaults and rules of their parameters.
//
// Programs are fixed: what they create depends on the [aegis.Spec] alone,
// never on the environment, so that a plan made by one process is the plan of
// every other. Endpoints and credentials reach the AWS provider by environment
// variables and are no inputs of it.
package stacks
