package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
)

// Config says where the engines' parts are and how they reach the cloud and
// their state. Only WorkDir, Credentials and the parts of the engines in use
// are required.
type Config struct {
	// PulumiCLI is the path of the pulumi binary; "" leaves Pulumi out.
	PulumiCLI string
	// AWSPlugin is the path of the AWS resource plugin, the official one or the
	// stand-in.
	AWSPlugin string
	// TerraformProviderAWS is the provider binary that the stand-in runs, and
	// PluginCache its cache folder; the official plugin ignores both.
	TerraformProviderAWS string
	PluginCache          string
	// Program returns the program of a spec.
	Program func(aegis.Spec) (pulumi.RunFunc, error)
	// Upgrade, when set, brings an imported spec of older code to the present
	// format.
	Upgrade func(aegis.Spec) (aegis.Spec, error)
	// Project is the Pulumi project's name; "" is "aegis".
	Project string

	// BackendURL is where Pulumi keeps its state: postgres://, file:// or s3://.
	// A password does not belong in it.
	BackendURL string
	// PGPassFile is a PGPASSFILE with the password of a postgres:// backend.
	PGPassFile string
	// SecretsProvider is "passphrase" (or "") with PassphraseFile, or awskms://….
	SecretsProvider string
	PassphraseFile  string
	// BackendCredentials returns the keys for s3:// state and an awskms:// secrets
	// provider; nil is none. Providers do not see them. The region of each is in
	// its URL.
	BackendCredentials func(context.Context) (aegis.Credentials, error)
	// States gives direct access to the state table of a postgres:// backend; nil
	// goes through the CLI, which is slower.
	States StateFiles

	// TerraformCLI is the path of the terraform binary; "" leaves Terraform out.
	TerraformCLI string
	// TerraformRC is a CLI configuration file (TF_CLI_CONFIG_FILE); "" is none.
	TerraformRC string

	// TerraformSources fetches the files of workspaces; needed with TerraformCLI.
	TerraformSources TerraformSources
	// ProjectSources fetches the files of adopted Pulumi projects; nil adopts none.
	ProjectSources ProjectSources
	// Exports keeps uploaded states of Pulumi stacks; nil adopts none.
	Exports ArchiveStore
	// RemoteState is access to the s3:// backend of a Pulumi project, as the run's
	// own session; nil adopts none with such a backend.
	RemoteState func(ctx context.Context, run aegis.StackRun) (StateFiles, error)
	// StateLock returns the lock of a remote state, nil when it is free; nil looks
	// at none before it reads.
	StateLock func(ctx context.Context, run aegis.StackRun) (*aegis.StateLock, error)
	// ReadState returns the content of a remote state, as it is in the run's
	// StateLocation, or aegis.ErrNotImplemented for a backend that it can't read; nil
	// reads none. What can't be read this way, Terraform is asked for.
	ReadState func(ctx context.Context, run aegis.StackRun) ([]byte, error)
	// TerraformUser is whom Terraform runs as, since providers and modules are
	// code; nil is this process's user.
	TerraformUser *syscall.Credential
	// TerraformDir is the folder for its files, which TerraformUser must be able to
	// reach; "" is one below WorkDir, or below the folder for temporary files when
	// there is a TerraformUser.
	TerraformDir string

	// Snapshots keeps states from before and after applies; nil keeps them in
	// files under WorkDir, which other machines do not see.
	Snapshots SnapshotStore

	// WorkDir is a private folder for scratch files.
	WorkDir string
	// AWSEndpoint is one URL for all services; "" is AWS itself.
	AWSEndpoint string
	// AccountID, when set, is the only account that providers may touch.
	AccountID string
	// Credentials returns the keys for a run, narrowed to its policy.
	Credentials func(context.Context, aegis.StackRun) (aegis.Credentials, error)
	// Find looks up a resource whose creation was begun but not recorded; nil
	// finds nothing.
	Find func(context.Context, aegis.Lookup) (id string, found bool, err error)

	// DigestKey keys the HMAC that stands for secret values in digests, and what
	// encrypts Snapshots derives from it. It must stay the same, for all workers,
	// as long as judged plans wait to be applied.
	DigestKey []byte
	// MaxConcurrent bounds the engine runs at one time; 0 is one for each core
	// and each 500 MiB of memory, whichever is less.
	MaxConcurrent int
	// MaxProviders bounds the warm provider processes of each engine; 0 is
	// MaxConcurrent + 2.
	MaxProviders int
	// ProviderIdle is how long an unused provider process is kept; 0 is 2 min.
	ProviderIdle time.Duration
	// ReadTimeout bounds a preview or a refresh; 0 is 10 min.
	ReadTimeout time.Duration
	// CancelGrace is how long a cancelled engine may take to stop by itself;
	// 0 is 1 min.
	CancelGrace time.Duration
	Logger      *slog.Logger
	// Looked, when set, is told of every look at a stack and how it was answered.
	Looked func(run aegis.StackRun, path LookPath)
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// backendKey is how the CLI asks for BackendCredentials.
	backendKey credentialKey
}

// TerraformSources fetches the files of adopted workspaces.
type TerraformSources interface {
	// Fetch copies the files below dir, which is empty, and returns the working
	// directory there.
	Fetch(ctx context.Context, src aegis.WorkspaceSource, dir string) (string, error)
	// Check says whether a source may be adopted, and resolves its path.
	Check(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error)
	// Keep checks an archive and keeps it under the digest that it returns.
	Keep(ctx context.Context, archive []byte) (digest string, err error)
	// Allow resolves the path of a local state or a variables file, or refuses it.
	Allow(path string) (string, error)
}

// ProjectSources fetches the files of adopted Pulumi projects.
type ProjectSources interface {
	// Fetch copies the files below dir, which is empty, and returns the working
	// directory there.
	Fetch(ctx context.Context, src aegis.WorkspaceSource, dir string) (string, error)
	// CheckProject says whether a source may be adopted, and resolves its path.
	CheckProject(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error)
	// Allow resolves the path of a local state or a passphrase file, or refuses it.
	Allow(path string) (string, error)
}

const memoryPerRun = 500 << 20

func (c Config) withDefaults() Config {
	if c.Project == "" {
		c.Project = "aegis"
	}
	if c.SecretsProvider == "" {
		c.SecretsProvider = "passphrase"
	}
	if c.MaxConcurrent <= 0 {
		c.MaxConcurrent = max(1, min(runtime.NumCPU(), int(availableMemory()/memoryPerRun)))
	}
	if c.MaxProviders <= 0 {
		c.MaxProviders = c.MaxConcurrent + 2
	}
	if c.ProviderIdle <= 0 {
		c.ProviderIdle = 2 * time.Minute
	}
	if c.ReadTimeout <= 0 {
		c.ReadTimeout = 10 * time.Minute
	}
	if c.CancelGrace <= 0 {
		c.CancelGrace = time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Find == nil {
		c.Find = func(context.Context, aegis.Lookup) (string, bool, error) { return "", false, nil }
	}
	if c.States == nil {
		c.States = backendFiles(c.BackendURL)
	}
	c.States = under(c.States, c.BackendURL)
	return c
}

func (c Config) validate() error {
	var faults []error
	need := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	need(c.WorkDir != "", "WorkDir is missing")
	need(c.Credentials != nil, "Credentials is missing")
	need(c.TerraformCLI == "" || c.TerraformSources != nil, "TerraformSources is missing")
	need(len(c.DigestKey) >= 16, "DigestKey has less than 16 bytes")
	if c.PulumiCLI != "" {
		need(c.AWSPlugin != "", "AWSPlugin is missing")
		need(c.Program != nil, "Program is missing")
		need(c.BackendURL != "", "BackendURL is missing")
		need(c.SecretsProvider != "passphrase" || c.PassphraseFile != "", "PassphraseFile is missing")
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("engine configuration: %w", err)
	}
	return nil
}

// availableMemory is the memory of this machine or of its control group in
// bytes, whichever is less.
func availableMemory() int64 {
	var info unix.Sysinfo_t
	total := int64(4 << 30)
	if unix.Sysinfo(&info) == nil {
		total = int64(info.Totalram) * int64(info.Unit) //nolint:gosec // far below 8 EiB
	}
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n < total {
			total = n
		}
	}
	return total
}
