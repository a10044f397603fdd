package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
)

// projectState is the state of an adopted Pulumi stack. Pulumi works on a copy;
// the state is read and written by this process, under the lock that Pulumi's
// own backends take, so that people's Pulumi and this one exclude each other.
type projectState struct {
	w *pulumiProject
	// files are where the state is; nil is an export, which is nowhere.
	files StateFiles
	key   string
	// copied is what Pulumi works on.
	copied rootFiles
	// lock is the key of the lock, while it is held.
	lock string
	// orphans says that locks of the dead were removed.
	orphans bool
	done    func()
}

// diyLock is what Pulumi writes into a lock.
type diyLock struct {
	PID       int       `json:"pid"`
	Username  string    `json:"username"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`
}

// backend opens the place where a project keeps its state.
func (w *pulumiProject) backend(ctx context.Context) (files StateFiles, done func(), err error) {
	address := nonEmpty(w.run.Stack.Source.BackendURL, w.config.file.Backend.URL)
	u, err := url.Parse(address)
	switch {
	case address == "":
		return nil, nil, aegis.Invalid("source.backend_url", "Pulumi.yaml names no backend: say where the state is, by file:// or s3://")
	case err != nil:
		return nil, nil, aegis.Invalid("source.backend_url", "is no URL")
	case u.Scheme == "file":
		return w.folder(address)
	case u.Scheme == "s3" && w.cfg.RemoteState != nil:
		src := *w.run.Stack.Source
		src.State = &aegis.StateLocation{
			Backend: "s3", Bucket: u.Host, Key: strings.Trim(u.Path, "/"), Region: nonEmpty(u.Query().Get("region"), w.run.Stack.Region),
		}
		w.run.Stack.Source = &src
		files, err = w.cfg.RemoteState(ctx, w.run)
		return files, func() {}, err
	default:
		return nil, nil, aegis.Invalid("source.backend_url", "a backend of kind "+clean(u.Scheme)+" is not supported, only file:// and s3://")
	}
}

// folder opens a file:// backend.
func (w *pulumiProject) folder(address string) (StateFiles, func(), error) {
	dir := strings.TrimPrefix(address, "file://")
	if strings.HasPrefix(dir, "~") {
		return nil, nil, aegis.Invalid("source.backend_url", "file://~ is the home of somebody: give the whole path")
	}
	if !path.IsAbs(dir) {
		if w.run.Stack.Source.Path == "" {
			return nil, nil, aegis.Invalid("source.backend_url", "the state is a file, and there is no place for it: only a path may have one")
		}
		dir = path.Join(w.run.Stack.Source.Path, dir)
	}
	dir, err := w.cfg.ProjectSources.Allow(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("the state: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, aegis.Invalid("source.backend_url", "there is no such folder")
	}
	return rootFiles{root, giveLikeFolder}, func() { _ = root.Close() }, nil
}

// read returns the state and notes its key.
func (s *projectState) read(ctx context.Context) ([]byte, error) {
	base := ".pulumi/stacks/" + s.w.project + "/" + s.w.stack + ".json"
	for _, key := range []string{base, base + ".gz"} {
		data, err := s.files.ReadState(ctx, key)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the state: %w", err)
		}
		s.key = key
		return plainState(data)
	}
	return nil, aegis.Invalid("source.stack", fmt.Sprintf("there is no stack %q of project %q in the backend", s.w.stack, s.w.project))
}

// write replaces the state, and keeps what was there beside it as Pulumi does.
func (s *projectState) write(ctx context.Context, data []byte) error {
	if was, err := s.files.ReadState(ctx, s.key); err == nil {
		if err := s.files.WriteState(ctx, s.key+".bak", was); err != nil {
			return fmt.Errorf("back the state up: %w", err)
		}
	}
	if strings.HasSuffix(s.key, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data) // a buffer takes all
		_ = z.Close()
		data = b.Bytes()
	}
	if err := s.files.WriteState(ctx, s.key, data); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}

func (s *projectState) locks() string { return lockKeys(s.w.project, s.w.stack) }

// free returns a LockedError when somebody who may live holds a lock other than
// ours, and the locks of those who are proven gone.
func (s *projectState) free(ctx context.Context) (dead []string, err error) {
	keys, err := s.files.ListState(ctx, s.locks())
	if err != nil {
		return nil, fmt.Errorf("list locks: %w", err)
	}
	for _, key := range keys {
		if key == s.lock {
			continue
		}
		var l diyLock
		data, err := s.files.ReadState(ctx, key)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a lock: %w", err)
		}
		_ = json.Unmarshal(data, &l) // what it does not say is left out
		if !s.w.gone(l) {
			return nil, locked(lockInfo{
				ID: strings.TrimSuffix(path.Base(key), ".json"), Who: l.Username + "@" + l.Hostname,
				Created: l.Timestamp.UTC().Format(time.RFC3339),
			}, s.w.cfg.Now())
		}
		dead = append(dead, key)
	}
	return dead, nil
}

// gone says that whoever took a lock can't be at work any more: a lease not
// younger than ours, or a process of this machine that has ended.
func (w *pulumiProject) gone(l diyLock) bool {
	if token, ok := strings.CutPrefix(l.Username, "aegis-"+w.id+"-"); ok && w.run.FencingToken > 0 {
		n, err := strconv.ParseInt(token, 10, 64)
		return err == nil && n <= w.run.FencingToken
	}
	return l.PID > 0 && l.Hostname == hostname() && errors.Is(unix.Kill(l.PID, 0), unix.ESRCH)
}

// acquire takes the lock as Pulumi does: it writes its own, and then looks
// whether there is another.
func (s *projectState) acquire(ctx context.Context) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	key := s.locks() + hex.EncodeToString(id) + ".json"
	text, err := json.Marshal(diyLock{
		PID: os.Getpid(), Username: "aegis-" + s.w.id + "-" + strconv.FormatInt(s.w.run.FencingToken, 10), Hostname: hostname(),
		Timestamp: s.w.cfg.Now().UTC(),
	})
	if err == nil {
		err = s.files.WriteState(ctx, key, text)
	}
	if err != nil {
		return fmt.Errorf("lock the state: %w", err)
	}
	s.lock = key
	dead, err := s.free(ctx)
	if err == nil && len(dead) > 0 && s.w.run.FencingToken == 0 {
		err = fmt.Errorf("a dead process left a lock on the state, and no lease allows to remove it: %w", aegis.ErrLeaseHeld)
	}
	if err != nil {
		return errors.Join(err, s.unlock(ctx))
	}
	for _, key := range dead {
		if err := s.files.DeleteState(ctx, key); err != nil {
			return errors.Join(fmt.Errorf("remove a lock: %w", err), s.unlock(ctx))
		}
	}
	s.orphans = len(dead) > 0
	return nil
}

func (s *projectState) unlock(ctx context.Context) error {
	if s.lock == "" {
		return nil
	}
	key := s.lock
	s.lock = ""
	if err := s.files.DeleteState(context.WithoutCancel(ctx), key); err != nil {
		return fmt.Errorf("unlock the state: %w", err)
	}
	return nil
}

// take locks the state for an operation that writes, or makes sure that nobody
// writes it now, and copies it to where Pulumi works.
func (s *projectState) take(ctx context.Context, does access) error {
	if does == writes {
		if err := s.acquire(ctx); err != nil {
			return err
		}
	} else if _, err := s.free(ctx); err != nil {
		return err
	}
	given, err := s.read(ctx)
	if err != nil {
		return err
	}
	kept, cut := s.cut(ctx, given)
	if cut {
		given = kept
	}
	if does == writes {
		if cut {
			if err := s.write(ctx, kept); err != nil {
				return err
			}
		}
		err := s.w.place.remember(s.w.id, func(m *mark) { m.Dirty, m.Base = true, hashOf(given) })
		if err != nil {
			return err
		}
	}
	return s.copyIn(ctx, given)
}

// cut returns the copy that an operation which was cut off left, where nobody
// has written the state since.
func (s *projectState) cut(ctx context.Context, given []byte) ([]byte, bool) {
	m := s.w.place.mark(s.w.id)
	if !m.Dirty || m.Base != hashOf(given) {
		return nil, false
	}
	kept, err := s.kept().ReadState(ctx, s.copyKey())
	if err != nil {
		return nil, false
	}
	if _, _, err := parse(kept); err != nil || bytes.Equal(kept, given) {
		return nil, false
	}
	return kept, true
}

// kept are the files that operations which write work on.
func (s *projectState) kept() rootFiles { return rootFiles{s.w.home, s.w.place.own} }

// copyKey is the key of the copy, below the folder that is Pulumi's backend.
func (s *projectState) copyKey() string {
	return "state/.pulumi/stacks/" + s.w.project + "/" + s.w.stack + ".json"
}

func (s *projectState) copyIn(ctx context.Context, data []byte) error {
	err := errors.Join(
		s.copied.WriteState(ctx, "state/.pulumi/meta.yaml", []byte("version: 1\n")),
		s.copied.DeleteState(ctx, s.copyKey()+".gz"),
		s.copied.WriteState(ctx, s.copyKey(), data))
	if err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	return nil
}

// close makes what Pulumi left the state, where that was locked for it, and
// gives the lock back.
func (s *projectState) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if s.lock != "" {
		if err := s.commit(ctx); err != nil {
			s.w.cfg.Logger.ErrorContext(ctx, "a state was not written; its copy is kept", "stack_id", s.w.run.Stack.StackID, "error", err)
		}
		if err := s.unlock(ctx); err != nil {
			s.w.cfg.Logger.ErrorContext(ctx, "a state stays locked", "stack_id", s.w.run.Stack.StackID, "error", err)
		}
	}
	if s.done != nil {
		s.done()
	}
}

// commit writes the copy over the state, when it changed.
func (s *projectState) commit(ctx context.Context) error {
	if s == nil || s.lock == "" || s.key == "" {
		return nil
	}
	left, err := s.copied.ReadState(ctx, s.copyKey())
	if err != nil {
		return fmt.Errorf("read the copy of the state: %w", err)
	}
	if _, _, err := parse(left); err != nil {
		return fmt.Errorf("the copy of the state: %w", err)
	}
	if hashOf(left) != s.w.place.mark(s.w.id).Base {
		if err := s.write(ctx, left); err != nil {
			return err
		}
	}
	return s.w.place.remember(s.w.id, func(m *mark) { m.Dirty, m.Base = false, "" })
}
