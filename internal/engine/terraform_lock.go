package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aegisworld/aegis"
)

// lockInfo is what Terraform writes about a lock.
type lockInfo struct {
	ID        string `json:"ID"`
	Operation string `json:"Operation"`
	Info      string `json:"Info"`
	Who       string `json:"Who"`
	Version   string `json:"Version"`
	Created   string `json:"Created"`
	Path      string `json:"Path"`
}

// ownLock is how a lock that this machine took is recognised after a crash.
type ownLock struct {
	Who   string    `json:"who"`
	Since time.Time `json:"since"`
}

// LockedError is a state that somebody else holds. It matches
// aegis.ErrStateLocked and aegis.ErrUnavailable.
type LockedError struct {
	Lock aegis.StateLock
	age  time.Duration
}

// Error names the holder, the age and the id of the lock.
func (e *LockedError) Error() string {
	said := "the state is locked"
	if e.Lock.Who != "" {
		said += " by " + e.Lock.Who
	}
	if e.age > 0 {
		said += fmt.Sprintf(" for %s (since %s)", e.age.Round(time.Second), e.Lock.Created)
	}
	if e.Lock.Operation != "" {
		said += ", operation " + e.Lock.Operation
	}
	if e.Lock.LockID != "" {
		said += ", lock id " + e.Lock.LockID
	}
	return said
}

// Is matches the sentinels.
func (e *LockedError) Is(target error) bool {
	return target == aegis.ErrStateLocked || target == aegis.ErrUnavailable
}

// clean keeps what may be shown of a text that somebody wrote into a lock.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 200)]
}

func locked(info lockInfo, now time.Time) *LockedError {
	e := &LockedError{Lock: aegis.StateLock{
		LockID: clean(info.ID), Who: clean(info.Who), Operation: clean(info.Operation), Created: clean(info.Created),
	}}
	if at, ok := lockedAt(e.Lock); ok && at.Before(now) {
		e.age = now.Sub(at)
	}
	return e
}

// lockedAt is when a lock was taken. Terraform prints the time as Go does, and
// writes it as JSON does.
func lockedAt(l aegis.StateLock) (time.Time, bool) {
	text, _, _ := strings.Cut(l.Created, " m=")
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999 -0700 MST"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// complained finds the lock in Terraform's complaint about it.
func complained(msg string) (lockInfo, bool) {
	if !strings.Contains(msg, "Error acquiring the state lock") {
		return lockInfo{}, false
	}
	field := func(name string) string {
		m := regexp.MustCompile(`(?m)^[\s│]*` + name + `:[ \t]+(\S.*?)\s*$`).FindStringSubmatch(msg)
		if m == nil {
			return ""
		}
		return m[1]
	}
	return lockInfo{
		ID: field("ID"), Operation: field("Operation"), Who: field("Who"), Version: field("Version"),
		Created: field("Created"), Path: field("Path"),
	}, true
}

// lockUser is the name that locks of this lease have, where the user that
// Terraform runs as has none.
func (w *tfWorkspace) lockUser() string {
	return "aegis-" + w.id + "-" + strconv.FormatInt(w.run.FencingToken, 10)
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// ours says that a lock is one that an operation on this stack took which can't
// be at work any more: this run's lease is younger, or the run before on this
// machine took it and left no note of its end. Anybody else's is never broken.
func (w *tfWorkspace) ours(l aegis.StateLock) bool {
	if w.run.FencingToken == 0 {
		return false
	}
	name, host, _ := strings.Cut(l.Who, "@")
	if token, ok := strings.CutPrefix(name, "aegis-"+w.id+"-"); ok {
		n, err := strconv.ParseInt(token, 10, 64)
		return err == nil && n <= w.run.FencingToken
	}
	m := w.mark().Lock
	at, ok := lockedAt(l)
	return m != nil && ok && host == hostname() && m.Who == name && !at.Before(m.Since)
}

// holding notes, for the time of f, that a lock of a remote backend may be ours.
func (w *tfWorkspace) holding(ctx context.Context, f func() error) error {
	if w.local != nil {
		return f()
	}
	own := &ownLock{Who: w.processUser(), Since: w.cfg.Now().UTC().Add(-time.Second)}
	err := w.remember(func(m *mark) {
		if m.Lock == nil { // else it is that of a run that was cut off
			m.Lock = own
		}
	})
	if err != nil {
		return err
	}
	err = f()
	if ctx.Err() != nil {
		return err // it may have been killed with the lock in its hands
	}
	return errors.Join(err, w.remember(func(m *mark) { m.Lock = nil }))
}

// processUser is the name that Terraform writes into its locks.
func (w *tfWorkspace) processUser() string {
	uid := os.Geteuid()
	if w.place.user != nil {
		uid = int(w.place.user.Uid)
	}
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return w.lockUser()
}

// unlock removes the lock with the given id, whoever's it is. A local state's
// ends with its process, and can't be removed.
func (t *terraformEngine) unlock(ctx context.Context, run aegis.StackRun, lockID string) error {
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return err
	}
	defer w.close()
	if w.local != nil {
		return fmt.Errorf("the state is a file, whose lock ends with the process that holds it: nothing to remove: %w", aegis.ErrConflict)
	}
	return w.forceUnlock(ctx, lockID)
}

func (w *tfWorkspace) forceUnlock(ctx context.Context, lockID string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}$`).MatchString(lockID) {
		return aegis.Invalid("lock_id", "is no id of a lock")
	}
	if _, err := w.terraform(ctx, nil, "force-unlock", "-no-color", "-force", lockID); err != nil {
		return w.failure("remove lock", err, nil)
	}
	return nil
}
