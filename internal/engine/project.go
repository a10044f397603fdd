package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/aegisworld/aegis"
)

// projectEngine runs adopted Pulumi stacks: their programs on copies of their
// files, or, where there is only a state, none.
type projectEngine struct {
	cfg   Config
	keys  *credentialServer
	place tfPlace
}

// pulumiProject is one operation on one adopted Pulumi stack.
type pulumiProject struct {
	cfg   Config
	place tfPlace
	run   aegis.StackRun
	keys  *credentialServer
	key   credentialKey

	id   string   // names the stack's files
	home *os.Root // kept between operations: the code's home, states under way
	dir  *os.Root // scratch: files, states to read
	work string   // the folder of Pulumi.yaml, in dir

	project, stack string
	config         projectConfig
	state          *projectState
	// passphrase is that of the stack's secrets, nil for none.
	passphrase []byte
	// locked says that there is a passphrase, whether it is known or not.
	locked bool
	// inner has the operations on the copied state.
	inner *pulumiEngine
}

// open prepares an operation: a copy of the project's files and of its state,
// the configuration of the spec, and the plugins. The caller must close what it
// returns.
func (e *projectEngine) open(ctx context.Context, run aegis.StackRun, does access) (*pulumiProject, error) {
	if run.Stack.Source == nil || !run.Stack.Source.Pulumi() {
		return nil, aegis.Invalid("source", "a Pulumi stack that is adopted needs its project or its state")
	}
	if does == writes && run.Stack.StateOnly() {
		return nil, fmt.Errorf("stack %s was adopted by its state alone: there is no program that could change it: %w", run.Stack.StackID, aegis.ErrForbidden)
	}
	if does == writes && run.Stack.Observed() {
		return nil, fmt.Errorf("stack %s is only observed: %w", run.Stack.StackID, aegis.ErrForbidden)
	}
	w := &pulumiProject{cfg: e.cfg, place: e.place, run: run, keys: e.keys, id: placeID(run.Stack.StackID)}
	if err := w.prepare(ctx, does); err != nil {
		w.close(ctx)
		return nil, err
	}
	return w, nil
}

func (w *pulumiProject) prepare(ctx context.Context, does access) (err error) {
	if w.home, w.dir, err = w.place.folders(w.id); err != nil {
		return fmt.Errorf("create the folders of a run: %w", err)
	}
	err = errors.Join(w.place.folder(w.dir, "state"), w.place.folder(w.home, "home"))
	if err != nil {
		return fmt.Errorf("create the folders of a run: %w", err)
	}
	latest, err := w.load(ctx, does)
	if err != nil {
		return err
	}
	if err := w.unseal(latest); err != nil {
		return err
	}
	if err := w.config.set(w.run.Spec.Parameters); err != nil {
		return err
	}
	if err := w.configure(); err != nil {
		return err
	}
	w.key = w.keys.grant(w.run)
	if err := w.place.ownAll(w.dir); err != nil {
		return fmt.Errorf("give the files of a run away: %w", err)
	}
	c := w.cfg
	c.Project, c.States = w.project, subfolder{w.state.copied, "state/"}
	w.inner = &pulumiEngine{cfg: c, stack: w.stack}
	return nil
}

// load fetches the files and the state, and returns the latter.
func (w *pulumiProject) load(ctx context.Context, does access) (json.RawMessage, error) {
	w.state = &projectState{w: w, copied: rootFiles{w.dir, w.place.own}}
	if digest := w.run.Stack.Source.Export; digest != "" {
		return w.loadExport(ctx, digest)
	}
	if err := w.fetch(ctx); err != nil {
		return nil, err
	}
	if does == writes {
		w.state.copied = w.state.kept()
	}
	if err := w.state.take(ctx, does); err != nil {
		return nil, err
	}
	data, err := w.state.copied.ReadState(ctx, w.state.copyKey())
	if err != nil {
		return nil, fmt.Errorf("read the copied state: %w", err)
	}
	c, _, err := parse(data)
	if err != nil && does == writes {
		err = nil // the repair restores a snapshot
	}
	return c.Checkpoint.Latest, err
}

// fetch copies the files, reads what they say, and finds where the state is.
func (w *pulumiProject) fetch(ctx context.Context) (err error) {
	src := *w.run.Stack.Source
	if w.work, err = w.cfg.ProjectSources.Fetch(ctx, src, w.path("files")); err != nil {
		return err
	}
	if w.config, err = readProject(w.dir, w.rel(), src.Stack); err != nil {
		return err
	}
	w.project, w.stack = w.config.file.Name, src.Stack
	w.state.files, w.state.done, err = w.backend(ctx)
	return err
}

func (w *pulumiProject) loadExport(ctx context.Context, digest string) (json.RawMessage, error) {
	if w.cfg.Exports == nil {
		return nil, fmt.Errorf("fetch the state: %w", aegis.ErrNotImplemented)
	}
	data, err := w.cfg.Exports.Archive(ctx, digest)
	if isNotFound(err) {
		return nil, aegis.Invalid("source.state", "no such state was uploaded")
	}
	if err != nil {
		return nil, fmt.Errorf("fetch the state: %w", err)
	}
	e, err := readExport(data)
	if err != nil {
		return nil, err
	}
	w.project, w.stack, w.work = e.project, e.stack, w.path("files")
	w.config = projectConfig{name: "files/Pulumi." + e.stack + ".yaml", stack: stackFile{}}
	// Reading runs no program, so that the language does not matter.
	text, err := yaml.Marshal(map[string]string{"name": e.project, "runtime": "yaml"})
	if err == nil {
		err = w.place.write(w.dir, "files/Pulumi.yaml", text)
	}
	if err == nil {
		err = w.state.copyIn(ctx, e.checkpoint)
	}
	if err != nil {
		return nil, fmt.Errorf("write the state: %w", err)
	}
	c, _, err := parse(e.checkpoint)
	return c.Checkpoint.Latest, err
}

// unseal finds out how the secrets are encrypted, and with what.
func (w *pulumiProject) unseal(latest json.RawMessage) error {
	provider, state, hidden := secretsOf(latest)
	stack := w.config.stack
	_, salted := stack["encryptionsalt"].(string)
	_, keyed := stack["secretsprovider"].(string)
	switch {
	case provider == "service" && hidden:
		return aegis.Invalid("source", "the secrets in the state are encrypted by Pulumi Cloud: change that with `pulumi stack change-secrets-provider passphrase`")
	case !salted && !keyed && provider == "passphrase":
		// Without the salt the CLI would take any passphrase.
		stack["encryptionsalt"], salted = state["salt"], true
	case !salted && !keyed && provider == "cloud":
		stack["secretsprovider"], stack["encryptedkey"] = state["url"], state["encryptedkey"]
	}
	if w.locked = salted; !salted {
		return nil
	}
	name := w.run.Stack.Source.PassphraseFile
	if name == "" {
		return aegis.Invalid("source.passphrase_file", "the stack's secrets are encrypted with a passphrase: name the file that has it")
	}
	var err error
	if filepath.IsAbs(name) {
		if name, err = w.cfg.ProjectSources.Allow(name); err == nil {
			w.passphrase, err = os.ReadFile(name) //nolint:gosec // below the folders that may be adopted
		}
	} else {
		w.passphrase, err = readWithin(w.dir, filepath.Join(w.rel(), name), 64<<10)
	}
	if err != nil {
		return aegis.Invalid("source.passphrase_file", "can't be read")
	}
	w.passphrase = bytes.TrimRight(w.passphrase, "\r\n")
	return nil
}

// configure writes the stack's own file, and the passphrase.
func (w *pulumiProject) configure() error {
	text, err := yaml.Marshal(w.config.stack)
	if err == nil {
		err = w.place.write(w.dir, w.config.name, text)
	}
	if err == nil && w.locked {
		err = w.place.write(w.dir, "passphrase", w.passphrase)
	}
	if err != nil {
		return fmt.Errorf("write the stack's configuration: %w", err)
	}
	return w.plugins()
}

// plugins makes a PULUMI_HOME that has the plugins which this process has.
func (w *pulumiProject) plugins() error {
	if err := w.dir.MkdirAll("pulumi/plugins", 0o700); err != nil {
		return fmt.Errorf("make a folder for plugins: %w", err)
	}
	from, err := w.place.plugins(w.cfg.AWSPlugin)
	if err != nil {
		return fmt.Errorf("lay out plugins: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(from, "*", "*"))
	for _, file := range found {
		// Pulumi takes a link for no folder.
		dir := filepath.Join("pulumi/plugins", filepath.Base(filepath.Dir(file)))
		err = errors.Join(err, w.dir.MkdirAll(dir, 0o700), w.dir.Symlink(file, filepath.Join(dir, filepath.Base(file))))
	}
	if err != nil {
		return fmt.Errorf("lay out plugins: %w", err)
	}
	return nil
}

func (w *pulumiProject) close(ctx context.Context) {
	if w.state != nil && w.home != nil {
		w.state.close(ctx)
	}
	w.keys.revoke(w.key)
	release(w.home, w.dir)
}

func (w *pulumiProject) path(name string) string { return filepath.Join(w.dir.Name(), name) }

// rel is the folder of Pulumi.yaml, as seen from the run's.
func (w *pulumiProject) rel() string {
	rel, _ := filepath.Rel(w.dir.Name(), w.work) // work is below dir
	return rel
}

// backendURL is that of the copied state.
func (w *pulumiProject) backendURL() string {
	return "file://" + filepath.Join(w.state.copied.root.Name(), "state")
}

// failure is what went wrong, without the paths of a run and the passphrase.
func (w *pulumiProject) failure(doing string, err error, rec *recording) error {
	text := said(w.run, err, rec)
	rec.mu.Lock()
	if len(rec.complaint) > 0 {
		text += ": " + scrub(lastLines(strings.Join(rec.complaint, "\n"), maxComplaint), nil)
	}
	rec.mu.Unlock()
	text = strings.ReplaceAll(text, w.work+"/", "")
	text = strings.ReplaceAll(text, w.dir.Name(), "")
	if len(w.passphrase) >= 4 {
		text = strings.ReplaceAll(text, string(w.passphrase), aegis.Masked)
	}
	return classify("pulumi " + doing + ": " + text)
}

// plugins lays out, where the code of adopted projects can read them, the
// plugins that are beside the AWS plugin.
func (p tfPlace) plugins(awsPlugin string) (string, error) {
	to := filepath.Join(p.dir, "plugins")
	if err := os.Mkdir(to, 0o711); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // its user must pass through
		return "", err
	}
	if err := os.Chmod(to, 0o755); err != nil { //nolint:gosec // its user must list it
		return "", err
	}
	from := filepath.Dir(filepath.Dir(awsPlugin))
	found, err := os.ReadDir(from)
	if err != nil {
		return "", err
	}
	for _, e := range found {
		if e.IsDir() && strings.HasPrefix(e.Name(), "resource-") {
			if err := layOut(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return "", err
			}
		}
	}
	return to, nil
}

// layOut makes a folder of links to another's files, unless it is there.
func layOut(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	made, err := os.MkdirTemp(filepath.Dir(filepath.Dir(to)), "plugin-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(made) }()
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, f := range files {
		target, err := filepath.EvalSymlinks(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if err := linkOrCopy(target, filepath.Join(made, f.Name())); err != nil {
			return err
		}
	}
	if err := os.Chmod(made, 0o755); err != nil { //nolint:gosec // its user must list it
		return err
	}
	if err := os.Rename(made, to); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// linkOrCopy copies where the folders are not on one disk.
func linkOrCopy(from, to string) error {
	info, err := os.Stat(from)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if info.Mode().Perm()&0o005 == 0o005 && os.Link(from, to) == nil {
		return nil
	}
	data, err := os.ReadFile(from) //nolint:gosec // an installed plugin
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil { //nolint:gosec // in a folder made for it
		return err
	}
	return os.Chmod(to, 0o755) //nolint:gosec // its user must run it
}
