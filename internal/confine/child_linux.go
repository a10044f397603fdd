//go:build linux && (amd64 || arm64)

package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Child takes the process over when it was started as a confined child, and then
// does not return. It is the first thing in main.
func Child() {
	if len(os.Args) != 2 || os.Args[1] != childArg || os.Getpid() != 1 {
		return
	}
	runtime.LockOSThread() // privileges and the filter belong to a thread
	report := os.NewFile(4, "report")
	if err := enter(report); err != nil {
		_, _ = report.WriteString(err.Error())
	}
	os.Exit(setupFailed)
}

// enter confines the process and does what it was ordered to; it returns when that
// can't be done.
func enter(report *os.File) error {
	var o order
	in := os.NewFile(3, "order")
	if err := json.NewDecoder(io.LimitReader(in, 8<<20)).Decode(&o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close open files: %w (it takes Linux 5.11)", err)
	}
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // when memory is short, this goes first
	if err := makeRoot(o.Limits); err != nil {
		return err
	}
	if err := writeFiles(o.Command.Files); err != nil {
		return err
	}
	if err := dropPrivileges(); err != nil {
		return err
	}
	if o.Task != taskNone {
		return o.prove(report)
	}
	return start(o, report)
}

func writeFiles(files map[string]string) error {
	root, err := os.OpenRoot(scratch)
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	defer func() { _ = root.Close() }()
	for name, text := range files {
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return fmt.Errorf("files: %w", err)
		}
		if err := root.WriteFile(name, []byte(text), 0o700); err != nil {
			return fmt.Errorf("files: %w", err)
		}
	}
	return os.Chdir(scratch)
}

// dropPrivileges gives up all capabilities of the namespace, for good, and puts the
// filter of system calls in place.
func dropPrivileges() error {
	for c := range uintptr(unix.CAP_LAST_CAP + 1) {
		// EINVAL is for capabilities that the kernel does not have.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("drop ambient capabilities: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return filterCalls()
}

// start becomes the command. After the limits are set nothing is allocated any
// more: this process has more than they allow.
func start(o order, report *os.File) error {
	file, err := exec.LookPath(o.Command.Argv[0])
	if err != nil {
		return fmt.Errorf("%s: no such program", o.Command.Argv[0])
	}
	call, err := newExec(file, o.Command.Argv, environment())
	if err != nil {
		return err
	}
	limits := o.Limits.resources()
	refused := []byte("limits could not be set")
	failed := []byte(strings.ToValidUTF8(o.Command.Argv[0], "?") + ": not a program that can be started")
	out := int(report.Fd())
	for i := range limits {
		if !limits[i].set() {
			_, _ = unix.Write(out, refused)
			unix.Exit(setupFailed)
		}
	}
	call.exec()
	_, _ = unix.Write(out, failed)
	unix.Exit(setupFailed)
	return nil
}

func environment() []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + scratch, "LANG=C.UTF-8"}
}
