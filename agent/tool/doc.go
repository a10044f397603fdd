// Package tool has what agents may call while they work on a goal: a registry of
// typed tools, of which every call is allowed by policy, bounded in time and size,
// checked against the tool's schemas, and scrubbed of secrets.
package tool
