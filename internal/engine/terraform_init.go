package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

const dependencyLock = ".terraform.lock.hcl"

// mark is what is remembered of a stack between operations, in a file that
// Terraform's user can't write.
type mark struct {
	// Initialised is the fingerprint of what was initialised.
	Initialised string `json:"initialised"`
	// Dependencies is the lock file of providers as init left it, where the
	// workspace has the one whose hash is DependenciesOf, "" for none.
	Dependencies   []byte `json:"dependencies,omitempty"`
	DependenciesOf string `json:"dependencies_of,omitempty"`
	// Dirty says that the copy of a local state may be newer than the state; Base
	// is the hash of the state that a Pulumi project's copy was made of.
	Dirty bool   `json:"dirty,omitempty"`
	Base  string `json:"base,omitempty"`
	// Lock is how a lock of ours is told from others, while one may be held.
	Lock *ownLock `json:"lock,omitempty"`
	// Sight says what Terraform itself looked at last, in full and without an
	// error.
	Sight string `json:"sight,omitempty"`
}

func (w *tfWorkspace) mark() mark                        { return w.place.mark(w.id) }
func (w *tfWorkspace) remember(change func(*mark)) error { return w.place.remember(w.id, change) }

// init runs terraform init and selects the workspace, unless that was done for
// this very configuration.
func (w *tfWorkspace) init(ctx context.Context) error {
	m := w.mark()
	given, err := w.dependencies()
	if err != nil {
		return err
	}
	if m.Dependencies != nil && m.DependenciesOf == hashOf(given) {
		if err := w.place.write(w.dir, w.dependencyFile(), m.Dependencies); err != nil {
			return fmt.Errorf("write the dependency lock file: %w", err)
		}
	}
	want, err := w.fingerprint()
	if err != nil {
		return err
	}
	if m.Initialised == want {
		return nil
	}
	args := []string{"init", "-input=false", "-no-color", "-reconfigure", "-upgrade=false"}
	if settings := w.backendSettings(); len(settings) > 0 {
		if err := w.place.write(w.dir, "backend.hcl", backendHCL(settings)); err != nil {
			return fmt.Errorf("write backend settings: %w", err)
		}
		args = append(args, "-backend-config="+w.path("backend.hcl"))
	}
	// The workspace that was selected may not exist with this configuration.
	if err := w.home.Remove("data/environment"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the selected workspace: %w", err)
	}
	if _, err := w.terraform(ctx, nil, args...); err != nil {
		return w.failure("init", err, nil)
	}
	if err := w.selectWorkspace(ctx); err != nil {
		return err
	}
	made, err := w.dependencies()
	if err != nil {
		return err
	}
	if want, err = w.fingerprint(); err != nil {
		return err
	}
	return w.remember(func(m *mark) { m.Initialised, m.Dependencies, m.DependenciesOf = want, made, hashOf(given) })
}

func (w *tfWorkspace) dependencyFile() string {
	rel, _ := filepath.Rel(w.dir.Name(), filepath.Join(w.work, dependencyLock)) // work is below dir
	return rel
}

func hashOf(b []byte) string {
	if b == nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// dependencies is the lock file of providers in the working directory, nil for
// none: with it, all operations use the same versions.
func (w *tfWorkspace) dependencies() ([]byte, error) {
	b, err := readWithin(w.dir, w.dependencyFile(), 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the dependency lock file: %w", err)
	}
	return b, nil
}

// readWithin reads a file, following no link out of root.
func readWithin(root *os.Root, name string, most int64) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return b, err
}

// selectWorkspace never makes one: that would write to the backend.
func (w *tfWorkspace) selectWorkspace(ctx context.Context) error {
	name := w.workspace()
	if name == "default" {
		return nil
	}
	if _, err := w.terraform(ctx, nil, "workspace", "select", "-no-color", name); err != nil {
		if strings.Contains(err.Error(), "doesn't exist") {
			return aegis.Invalid("source.workspace", fmt.Sprintf("there is no workspace %q in the backend", name))
		}
		return w.failure("select workspace "+name, err, nil)
	}
	return nil
}

func (w *tfWorkspace) workspace() string { return nonEmpty(w.run.Stack.Source.Workspace, "default") }

// fingerprint is a hash of everything that init depends on.
func (w *tfWorkspace) fingerprint() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s", w.workspace(), w.cfg.TerraformCLI, w.cfg.TerraformRC)
	_, _ = h.Write(backendHCL(w.backendSettings()))
	base := w.path("files")
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if !strings.HasSuffix(path, ".tf") && !strings.HasSuffix(path, ".tf.json") && e.Name() != dependencyLock {
			return nil
		}
		rel, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		f, err := w.dir.Open(filepath.Join("files", rel))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		fmt.Fprintf(h, "\n%s\n", rel)
		_, err = io.Copy(h, f)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the Terraform configuration: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// backendHCL are -backend-config settings as a file, so that secrets among them
// are no arguments.
func backendHCL(settings map[string]string) []byte {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		v, _ := json.Marshal(settings[k]) //nolint:errchkjson // a string
		fmt.Fprintf(&b, "%s = %s\n", k, strings.ReplaceAll(string(v), "${", "$${"))
	}
	return b.Bytes()
}

// backendSettings are the -backend-config settings of a remote backend.
func (w *tfWorkspace) backendSettings() map[string]string {
	if w.local != nil {
		return nil
	}
	settings := maps.Clone(w.run.Stack.Source.BackendConfig)
	if w.config.Backend == "s3" && w.cfg.AWSEndpoint != "" {
		// The emulated account has one host name for all buckets.
		if settings == nil {
			settings = map[string]string{}
		}
		settings["use_path_style"] = "true"
	}
	return settings
}
