package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
)

// localState is a state that is a file beside the configuration. Terraform works
// on a copy; the file is written by this process, under Terraform's own lock on
// it, so that people's Terraform and this one exclude each other.
//
// The lock is an advisory one on the whole file, as Terraform takes it, and a
// file that says who holds it. The former ends with its process, so that what it
// lets through is proven free.
type localState struct {
	w    *tfWorkspace
	dir  *os.Root // the folder of the state
	name string
	// copied is the copy's name in the stack's folder.
	copied string
	// lock is the state's file while its lock is held.
	lock *os.File
	// orphan says that a dead process had left its name on the lock.
	orphan bool
	// made says that the file is there for the lock alone.
	made bool
}

// stateOverride has Terraform keep a local state where its user may write.
const stateOverride = "zzz_aegis_override.tf.json"

// backend finds out where the state is, and prepares one that is a file.
func (w *tfWorkspace) backend(does access) error {
	src := *w.run.Stack.Source
	w.run.Stack.Source = &src
	settings := maps.Clone(w.config.Settings)
	maps.Copy(settings, src.BackendConfig)
	switch w.config.Backend {
	case "", "local":
		if src.Path == "" {
			return aegis.Invalid("source", "the state is local, and there is no place for it: only a path may have a local state; configure a remote backend")
		}
		src.State = &aegis.StateLocation{Backend: "local"}
		return w.openLocal(settings, does)
	case "cloud", "remote":
		return aegis.Invalid("source", "the backend "+w.config.Backend+" runs Terraform elsewhere and is not supported")
	case "s3":
		src.State = &aegis.StateLocation{
			Backend: "s3", Bucket: settings["bucket"], Key: settings["key"], Region: nonEmpty(settings["region"], w.run.Stack.Region),
			LockTable: settings["dynamodb_table"], LockFile: settings["use_lockfile"] == "true",
		}
		if name := w.workspace(); name != "default" {
			src.State.Key = nonEmpty(settings["workspace_key_prefix"], "env:") + "/" + name + "/" + src.State.Key
		}
	default:
		src.State = &aegis.StateLocation{Backend: w.config.Backend}
	}
	return nil
}

func (w *tfWorkspace) openLocal(settings map[string]string, does access) error {
	path := nonEmpty(settings["path"], "terraform.tfstate")
	copied := "state/terraform.tfstate"
	if name := w.workspace(); name != "default" {
		path = filepath.Join(nonEmpty(settings["workspace_dir"], "terraform.tfstate.d"), name, "terraform.tfstate")
		copied = "state/workspaces/" + name + "/terraform.tfstate"
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.run.Stack.Source.Path, path)
	}
	path, err := w.cfg.TerraformSources.Allow(path)
	if err != nil {
		return fmt.Errorf("the local state: %w", err)
	}
	dir, err := os.OpenRoot(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return aegis.Invalid("source.workspace", fmt.Sprintf("there is no workspace %q in the backend", w.workspace()))
	}
	if err != nil {
		return fmt.Errorf("open the folder of the local state: %w", err)
	}
	w.local = &localState{w: w, dir: dir, name: filepath.Base(path), copied: copied}
	override, err := json.Marshal(map[string]any{"terraform": map[string]any{"backend": map[string]any{"local": map[string]any{
		"path":          filepath.Join(w.home.Name(), "state/terraform.tfstate"),
		"workspace_dir": filepath.Join(w.home.Name(), "state/workspaces"),
	}}}})
	if err != nil {
		return fmt.Errorf("encode the place of the state: %w", err)
	}
	rel, err := filepath.Rel(w.dir.Name(), filepath.Join(w.work, stateOverride))
	if err == nil {
		err = w.place.write(w.dir, rel, override)
	}
	if err != nil {
		return fmt.Errorf("write the place of the state: %w", err)
	}
	return w.local.take(does)
}

// take locks the state for an operation that writes, or makes sure that nobody
// writes it now, and copies it.
func (l *localState) take(does access) error {
	for dir := filepath.Dir(l.copied); dir != "."; dir = filepath.Dir(dir) {
		if err := l.w.place.folder(l.w.home, dir); err != nil {
			return fmt.Errorf("create the folder of a state: %w", err)
		}
	}
	if does == reads {
		if err := l.unlocked(); err != nil {
			return err
		}
		return l.copyIn(reads)
	}
	if err := l.acquire(); err != nil {
		return err
	}
	if err := l.copyIn(writes); err != nil {
		return err
	}
	return l.w.remember(func(m *mark) { m.Dirty = true })
}

// unlocked returns aegis.ErrStateLocked when a Terraform is at the state.
func (l *localState) unlocked() error {
	f, err := l.dir.Open(l.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	defer func() { _ = f.Close() }()
	held := unix.Flock_t{Type: unix.F_RDLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &held); err != nil {
		return fmt.Errorf("look at the lock of the state: %w", err)
	}
	if held.Type != unix.F_UNLCK {
		return l.held()
	}
	return nil
}

// held describes the lock that is in the way.
func (l *localState) held() error {
	var info lockInfo
	if b, err := readWithin(l.dir, l.lockName(), 64<<10); err == nil {
		_ = json.Unmarshal(b, &info) // what it does not say is left out
	}
	return locked(info, l.w.cfg.Now())
}

func (l *localState) lockName() string { return "." + l.name + ".lock.info" }

// acquire takes the lock and writes whose it is.
func (l *localState) acquire() error {
	if _, err := l.dir.Lstat(l.name); errors.Is(err, fs.ErrNotExist) {
		l.made = true
	}
	f, err := l.dir.OpenFile(l.name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	want := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &want); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return l.held()
		}
		return fmt.Errorf("lock the state: %w", err)
	}
	if _, err := l.dir.Lstat(l.lockName()); err == nil {
		if l.w.run.FencingToken == 0 {
			_ = f.Close()
			return fmt.Errorf("a dead process left a lock on the state, and no lease allows to remove it: %w", aegis.ErrLeaseHeld)
		}
		l.orphan = true
	}
	l.lock = f
	info, err := json.Marshal(lockInfo{
		ID: l.w.id, Operation: "aegis " + l.w.run.ChangeSetID, Who: l.w.lockUser() + "@" + hostname(),
		Created: l.w.cfg.Now().UTC().Format(time.RFC3339), Path: l.name,
	})
	if err == nil {
		err = l.dir.WriteFile(l.lockName(), info, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write whose the lock is: %w", err)
	}
	return nil
}

// copyIn makes the copy the state. After a crash the copy is what Terraform
// wrote last: then it becomes the state.
func (l *localState) copyIn(does access) error {
	given, err := l.read(l.dir, l.name)
	if err != nil {
		return err
	}
	kept, err := l.read(l.w.home, l.copied)
	if err != nil {
		return err
	}
	if l.w.mark().Dirty && newer(kept, given) {
		if does == reads {
			return nil
		}
		return l.copyOut()
	}
	if given == nil {
		if err := l.w.home.Remove(l.copied); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the copy of the state: %w", err)
		}
		return nil
	}
	if err := l.w.place.write(l.w.home, l.copied, given); err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	return nil
}

// read returns nil for a file that is empty or not there.
func (l *localState) read(root *os.Root, name string) ([]byte, error) {
	b, err := readWithin(root, name, maxState)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	return b, nil
}

// newer says that a copied state follows the given one.
func newer(copied, given []byte) bool {
	var a, b struct {
		Lineage string `json:"lineage"`
		Serial  int64  `json:"serial"`
	}
	if copied == nil || json.Unmarshal(copied, &a) != nil || a.Lineage == "" {
		return false
	}
	if given == nil {
		return true
	}
	return json.Unmarshal(given, &b) == nil && a.Lineage == b.Lineage && a.Serial > b.Serial
}

// copyOut writes the copy over the state, in place: others that wait for the
// lock have the file open. What was there becomes the backup, as with Terraform.
func (l *localState) copyOut() error {
	made, err := l.read(l.w.home, l.copied)
	if err != nil || made == nil {
		return err
	}
	was, err := io.ReadAll(io.NewSectionReader(l.lock, 0, maxState))
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	if string(was) == string(made) {
		return nil
	}
	if len(was) > 0 {
		if err := l.dir.WriteFile(l.name+".backup", was, 0o600); err != nil {
			return fmt.Errorf("back the state up: %w", err)
		}
		l.give(l.name + ".backup")
	}
	if err := l.lock.Truncate(0); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	if _, err := l.lock.WriteAt(made, 0); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	l.made = false
	l.give(l.name)
	if err := l.lock.Sync(); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}

// give lets a new file belong to whom its folder belongs to.
func (l *localState) give(name string) {
	info, err := l.dir.Stat(".")
	if stat, ok := infoStat(info, err); ok && os.Geteuid() == 0 {
		_ = l.dir.Lchown(name, int(stat.Uid), int(stat.Gid))
	}
}

func infoStat(info fs.FileInfo, err error) (*syscall.Stat_t, bool) {
	if err != nil {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat, ok
}

// letGo gives a file's lock back and closes it. To close it is not enough: a process that
// another thread is about to start has the file, and with it the lock, until it runs its
// program.
func letGo(f *os.File) {
	none := unix.Flock_t{Type: unix.F_UNLCK}
	_ = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &none) // closing does, at last
	_ = f.Close()
}

// commit makes what Terraform left the state.
func (l *localState) commit() error {
	if l == nil || l.lock == nil {
		return nil
	}
	if err := l.copyOut(); err != nil {
		return err
	}
	return l.w.remember(func(m *mark) { m.Dirty = false })
}

// close gives the lock back.
func (l *localState) close() {
	if l.lock != nil {
		if err := l.commit(); err != nil {
			l.w.cfg.Logger.Error("a state was not written; its copy is kept", "stack_id", l.w.run.Stack.StackID, "error", err)
		}
		if l.made {
			_ = l.dir.Remove(l.name)
		}
		_ = l.dir.Remove(l.lockName())
		letGo(l.lock)
	}
	_ = l.dir.Close()
}
