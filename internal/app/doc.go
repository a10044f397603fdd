// Package app reads the configuration and wires the parts together: one file
// per verb that runs something, and control.go for what they share.
package app
