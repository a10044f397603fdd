package engine

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/aegisworld/aegis"
)

func pluginScript(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "plugin")
	syscall.ForkLock.RLock() // see replace
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\necho 4711\nexec sleep 600\n"), 0o700))
	return name
}

func TestSnapshotDirKeepsTheNewest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := Config{WorkDir: dir}.snapshots()
	start := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for i := range snapshotsKept + 5 {
		require.NoError(t, d.save(t.Context(), Snapshot{StackID: "a", TakenAt: start.Add(time.Duration(i) * time.Second), Data: []byte{byte(i)}}))
	}
	all, err := d.newest(t.Context(), "a", 100)
	require.NoError(t, err)
	require.Len(t, all, snapshotsKept)
	require.Equal(t, []byte{snapshotsKept + 4}, all[0].Data)
	all[0].Finished = true
	require.NoError(t, d.save(t.Context(), all[0]))
	again, err := d.newest(t.Context(), "a", 1)
	require.NoError(t, err)
	require.True(t, again[0].Finished, "the same time is the same snapshot")
	none, err := d.newest(t.Context(), "../a", 1)
	require.NoError(t, err)
	require.Len(t, none, 1, "a stack id is no path")
	info, err := os.Stat(filepath.Join(dir, "snapshots", "a", again[0].TakenAt.Format(snapshotLayout)))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestSoundPrefersTheNewestState(t *testing.T) {
	t.Parallel()
	ok := func(data []byte) error {
		if string(data) == "bad" {
			return aegis.ErrStateCorrupt
		}
		return nil
	}
	snap, found := sound([]Snapshot{{After: []byte("bad"), Data: []byte("good")}, {After: []byte("older")}}, ok)
	require.True(t, found)
	require.Equal(t, "good", string(snap.Data))
	_, found = sound([]Snapshot{{Data: []byte("bad")}, {}}, ok)
	require.False(t, found)
}

func TestStateDir(t *testing.T) {
	t.Parallel()
	d := stateDir(t.TempDir())
	_, err := d.ReadState(t.Context(), ".pulumi/stacks/p/a.json")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	keys, err := d.ListState(t.Context(), ".pulumi/locks/")
	require.NoError(t, err)
	require.Empty(t, keys)
	for _, key := range []string{".pulumi/locks/a/1.json", ".pulumi/locks/a/2.json", ".pulumi/locks/ab/3.json"} {
		require.NoError(t, d.WriteState(t.Context(), key, []byte(key)))
	}
	keys, err = d.ListState(t.Context(), ".pulumi/locks/a/")
	require.NoError(t, err)
	require.Equal(t, []string{".pulumi/locks/a/1.json", ".pulumi/locks/a/2.json"}, keys)
	require.NoError(t, d.DeleteState(t.Context(), keys[0]))
	require.NoError(t, d.DeleteState(t.Context(), keys[0]))
	require.ErrorIs(t, d.WriteState(t.Context(), "../x", nil), aegis.ErrInvalid)
}

// TestTornAttributesAreDropped plays a Pulumi that was killed while it wrote the
// attributes of a file: it left them empty, and reads nothing beside them any more.
func TestTornAttributesAreDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := stateDir(dir)
	for key, text := range map[string]string{
		"stacks/p/a.json.gz": "", "stacks/p/a.json.gz.attrs": "", "stacks/p/a.json.gz.bak.attrs": "{}", "stacks/p/b.json.gz.attrs": "",
		"locks/a/1.json.attrs": "", "locks/ab/1.json.attrs": "",
	} {
		require.NoError(t, d.WriteState(t.Context(), key, []byte(text)))
	}
	for _, files := range []besides{d, subfolder{stateDir(filepath.Dir(dir)), filepath.Base(dir) + "/"}} {
		for prefix, torn := range map[string]int{"stacks/p/a.json": 1, "locks/a/": 1, "history/p/a/": 0, "x/": 0} {
			n, err := files.dropTorn(prefix)
			require.NoError(t, err)
			require.Equal(t, torn, n, prefix)
		}
		for _, gone := range []string{"stacks/p/a.json.gz.attrs", "locks/a/1.json.attrs"} {
			require.NoFileExists(t, filepath.Join(dir, gone))
			require.NoError(t, d.WriteState(t.Context(), gone, nil))
		}
		for _, kept := range []string{"stacks/p/a.json.gz", "stacks/p/a.json.gz.bak.attrs", "stacks/p/b.json.gz.attrs", "locks/ab/1.json.attrs"} {
			require.FileExists(t, filepath.Join(dir, kept))
		}
	}
	n, err := stateDir(filepath.Join(dir, "none")).dropTorn("x/")
	require.NoError(t, err)
	require.Zero(t, n)
}

// TestALockIsGivenBackBesideAFork plays a process that is being started while a state's
// lock is given back: it has the file still.
func TestALockIsGivenBackBesideAFork(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "terraform.tfstate")
	f, err := os.Create(name)
	require.NoError(t, err)
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock))
	forked, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(forked)) }()
	letGo(f)
	other, err := os.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	held := unix.Flock_t{Type: unix.F_RDLCK}
	require.NoError(t, unix.FcntlFlock(other.Fd(), unix.F_OFD_GETLK, &held))
	require.EqualValues(t, unix.F_UNLCK, held.Type)
}

func TestChildDiesWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out, in, err := os.Pipe()
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := child{
			path: "/bin/sh", args: []string{"-c", `trap "" INT; sleep 600 & echo started; wait`}, stdout: in,
			env: []string{"PATH=/usr/bin:/bin"}, grace: time.Millisecond,
		}.run(ctx)
		ended <- err
	}()
	_, err = out.Read(make([]byte, 8))
	require.NoError(t, err)
	cancel()
	require.Error(t, <-ended)
}

func TestCommandSavesCalls(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"stack", "output", "--json"}, {"stack", "history"}} {
		_, ok := saved(args)
		require.True(t, ok)
	}
	for _, args := range [][]string{{"stack", "init"}, {"up"}, {"stack"}} {
		_, ok := saved(args)
		require.False(t, ok)
	}
	c := pulumiCommand{judged: true, eventLog: "127.0.0.1:1"}
	require.Equal(t, []string{"up", "--yes", "--non-interactive", "--strict", "--event-log=tcp://127.0.0.1:1"},
		c.arguments([]string{"up", "--yes", "--skip-preview"}))
}

func TestEnvironmentInheritsNothing(t *testing.T) {
	t.Parallel()
	cfg := Config{WorkDir: "/w", BackendURL: "file:///s", PassphraseFile: "/p", AWSEndpoint: "http://127.0.0.1:1"}
	env := append(cfg.pulumiEnv(), cfg.awsEnv("eu-west-1", credentialKey{url: "u", token: "t"})...)
	require.Contains(t, env, "HOME=/w/home")
	require.Contains(t, env, "AWS_ENDPOINT_URL=http://127.0.0.1:1")
	require.Contains(t, env, "PULUMI_DIY_BACKEND_PARALLEL=1")
	operations := strconv.Itoa(max(8, 4*runtime.NumCPU()))
	require.Contains(t, env, "PULUMI_PARALLEL="+operations)
	require.Contains(t, env, "GOMAXPROCS="+operations, "each has two connections to the state")
	for _, e := range cfg.pulumiEnv() {
		require.NotContains(t, e, "AWS_")
	}
}

func TestConfigNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := New(Config{PulumiCLI: "pulumi"})
	require.ErrorContains(t, err, "WorkDir is missing")
	require.ErrorContains(t, err, "Credentials is missing")
	require.ErrorContains(t, err, "BackendURL is missing")
	require.ErrorContains(t, err, "PassphraseFile is missing")
}

func TestGuardEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	place, err := newTFPlace(Config{WorkDir: t.TempDir()})
	require.NoError(t, err)
	leash, owner, err := os.Pipe()
	require.NoError(t, err)
	// As Terraform with a provider, both of which ignore the owner's end.
	guarded := exec.CommandContext(t.Context(), place.guard(), "-c", "sleep 600 & echo started; wait")
	guarded.Env = []string{"PATH=/usr/bin:/bin", "AEGIS_ENGINE=/bin/sh"}
	guarded.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	guarded.ExtraFiles = []*os.File{leash}
	out, err := guarded.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, guarded.Start())
	require.NoError(t, leash.Close())
	_, err = out.Read(make([]byte, 8))
	require.NoError(t, err)
	require.NoError(t, owner.Close()) // as the end of a process does
	rest, err := io.ReadAll(out)      // ends when the last of the group has
	require.NoError(t, err)
	require.Empty(t, strings.TrimPrefix(string(rest), "started\n"))
	require.ErrorContains(t, guarded.Wait(), "killed")
}

func TestStateFilesOfPostgresBeginWithTheDatabase(t *testing.T) {
	t.Parallel()
	d := stateDir(t.TempDir())
	files := under(d, "postgres://aegis@127.0.0.1:1/control?table=pulumi_state&sslmode=disable")
	require.NoError(t, files.WriteState(t.Context(), ".pulumi/x", []byte("1")))
	data, err := d.ReadState(t.Context(), "control/.pulumi/x")
	require.NoError(t, err)
	require.Equal(t, "1", string(data))
	keys, err := files.ListState(t.Context(), ".pulumi/")
	require.NoError(t, err)
	require.Equal(t, []string{".pulumi/x"}, keys)
	require.NoError(t, files.DeleteState(t.Context(), ".pulumi/x"))
	_, err = files.ReadState(t.Context(), ".pulumi/x")
	require.ErrorIs(t, err, aegis.ErrNotFound)
	require.Equal(t, StateFiles(d), under(d, "file:///x"))
}
