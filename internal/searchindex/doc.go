// Package searchindex puts what the control plane does into OpenSearch, for
// dashboards and searches beside the API: every event, and of each change set that
// ended its trace and the summary of its decision. Inputs of decisions are not
// among them, and diffs are masked before they become events. The control database
// stays the truth: without an index it serves, and an index can be made anew.
package searchindex
