// Package enginetest is the conformance suite of the engines: what Pulumi and
// Terraform must both do, on an emulated AWS account.
package enginetest
