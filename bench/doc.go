// Package bench measures AegisWorld against its promises. Each benchmark runs
// the real product, and its peer, in the same run on the same machine, and
// prints ratios; a figure above its bound makes the run fail.
package bench
