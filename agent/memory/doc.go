// Package memory keeps what agents learn: episodic memories of a run, session
// memories of a goal and semantic memories across goals. What is written is
// scrubbed of secrets and personal data first; what is read is found by meaning
// and by words together, within the reader's scope, and given to models as data.
package memory
