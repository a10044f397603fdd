// Package confine runs commands that agents choose, in children that can reach
// nothing: no network, no files but a scratch folder and the system's programs,
// no other process, no privileges, and little memory and time. The tool is offered
// where all of that was proven, from within and from outside, and nowhere else.
//
// The child is this binary again: a program that uses the package calls Child
// before anything else in main.
package confine
