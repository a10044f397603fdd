// Package drift keeps what is known of stacks true: it looks at the real
// resources, says clean, drifted or unknown, and proposes to correct what
// drifted through the one door.
package drift
