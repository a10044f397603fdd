// Package simulate judges history, live stacks and hypothetical changes by a
// candidate policy bundle and reports what it decides otherwise. It streams:
// memory does not grow with the length of history.
package simulate
