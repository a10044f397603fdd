// Package fetch is the tool "http_fetch": it reads text from hosts that the agent's
// network scope names, through the guard of everything that leaves.
package fetch
