// Package artifacts keeps what is too large or too old for the control database
// as objects: in a folder here, in a bucket by the adapter to AWS. Kept are
// uploaded workspaces and state snapshots, which come sealed, and the records of
// change sets that ended: what was planned and judged, and the trace.
//
// Keys are archives/DIGEST, snapshots/STACK/TIME, change-sets/YYYY/MM/DD/ID.json
// and traces/YYYY/MM/DD/ID.json.
package artifacts
