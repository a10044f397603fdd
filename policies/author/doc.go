// Package author is the workbench of who writes policy bundles: it makes new
// ones, checks them, runs their tests, asks them, and compares them. Nothing
// here needs an API or a network.
//
// A bundle is hostile input until it was checked, since operators push what
// others wrote: what runs of it runs with policies.Capabilities, bounded in
// time and memory.
package author
