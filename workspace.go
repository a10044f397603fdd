package aegis

// WorkspaceSource says where the files of an adopted Terraform workspace or
// Pulumi project come from: exactly one of Path, Git and Archive, or, for a
// Pulumi stack whose program is elsewhere, Export. The files are copied before
// an engine sees them; what they came from is never written, but for a local
// state, and that only when the stack is managed.
type WorkspaceSource struct {
	// Path is the working directory, on the server.
	Path string `json:"path,omitempty"`
	// Git is a folder of a repository.
	Git *GitSource `json:"git,omitempty"`
	// Archive is the SHA-256 in hex of an uploaded .tar.gz.
	Archive string `json:"archive,omitempty"`
	// Dir is the working directory within an archive, "" its root.
	Dir string `json:"dir,omitempty"`
	// Workspace is the Terraform workspace, "default" when empty.
	Workspace string `json:"workspace,omitempty"`
	// BackendConfig are -backend-config settings.
	BackendConfig map[string]string `json:"backend_config,omitempty"`
	// VarFiles are -var-file arguments, in order, relative to the working
	// directory; with Path also absolute.
	VarFiles []string `json:"var_files,omitempty"`
	// Variables are values as in TF_VAR_ variables. Files and the spec override
	// them; they hold nothing secret.
	Variables map[string]string `json:"variables,omitempty"`
	// Stack is the name of the stack in a Pulumi project.
	Stack string `json:"stack,omitempty"`
	// Export is the SHA-256 in hex of an uploaded `pulumi stack export`. There is
	// no program with it: such a stack is only ever observed.
	Export string `json:"export,omitempty"`
	// BackendURL is where a Pulumi project keeps its state; empty is what its
	// Pulumi.yaml says.
	BackendURL string `json:"backend_url,omitempty"`
	// PassphraseFile has the passphrase of a Pulumi stack's secrets: a file of the
	// project, or an absolute path on the server.
	PassphraseFile string `json:"passphrase_file,omitempty"`
	// State says where the state is; engines fill it in for the credentials of a
	// run.
	State *StateLocation `json:"state,omitempty"`
}

// Pulumi says that the source is of a Pulumi stack.
func (s WorkspaceSource) Pulumi() bool { return s.Stack != "" || s.Export != "" }

// GitSource is a folder of a repository at a ref.
type GitSource struct {
	// URL is https:// or ssh://, without a password.
	URL string `json:"url"`
	// Ref is a branch, a tag or a commit.
	Ref string `json:"ref"`
	// Dir is the working directory in the repository, "" its root.
	Dir string `json:"dir,omitempty"`
}

// StateLocation is what the backend block and its settings say.
type StateLocation struct {
	// Backend is the backend's type, such as "s3".
	Backend string `json:"backend"`
	// Bucket, Key and Region are those of an S3 backend.
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`
	Region string `json:"region,omitempty"`
	// LockTable is the DynamoDB table of its locks; LockFile says that they are
	// objects beside the state.
	LockTable string `json:"lock_table,omitempty"`
	LockFile  bool   `json:"lock_file,omitempty"`
}

// WorkspaceVariable is a variable that a configuration declares.
type WorkspaceVariable struct {
	Name string `json:"name"`
	// Type is the type expression of the configuration, "" for any.
	Type string `json:"type,omitempty"`
	// Sensitive variables are no part of a spec: their values come from the
	// workspace's own files.
	Sensitive bool `json:"sensitive,omitempty"`
	// Required says that it has no default.
	Required bool `json:"required,omitempty"`
}

// StateLock is the lock of an engine's state, as whoever holds it wrote it.
type StateLock struct {
	LockID    string `json:"lock_id"`
	Who       string `json:"who"`
	Operation string `json:"operation"`
	// Created is as the lock says it, RFC 3339 mostly.
	Created string `json:"created"`
}
