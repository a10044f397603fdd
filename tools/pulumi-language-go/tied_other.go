//go:build !linux

package main

import "os/exec"

// dieWithParent relies on the call's context here: only Linux can tie a child
// to its parent's life.
func dieWithParent(*exec.Cmd) {}
