//go:build linux && (amd64 || arm64)

package confine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// prove runs a task in the command's place. It is over the limits from its start
// when this binary is large, so each task sets only those that it tries.
func (o order) prove(report *os.File) error {
	_ = report.Close() // the parent looks from outside as soon as it is
	if o.Task == taskLook {
		_, _ = io.Copy(io.Discard, os.Stdin)
		for _, fault := range o.look() {
			_, _ = fmt.Fprintln(os.Stdout, fault)
		}
		os.Exit(0)
	}
	defer os.Exit(0)
	switch o.Task {
	case taskGrow:
		o.Limits.setOnly(unix.RLIMIT_DATA)
		_, err := unix.Mmap(-1, 0, o.Limits.MemoryMiB<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		sayIf(err == nil)
	case taskShare:
		sayIf(o.share())
	case taskBurn:
		o.Limits.setOnly(unix.RLIMIT_CPU)
		for begin := time.Now(); time.Since(begin) < time.Minute; { // longer than it may run by the clock
		}
		sayIf(true)
	case taskSpawn:
		o.Limits.setOnly(unix.RLIMIT_NPROC)
		sayIf(spawn(4 * o.Limits.Processes))
	case taskFill:
		o.Limits.setOnly(unix.RLIMIT_FSIZE)
		sayIf(o.fill())
	case taskNone, taskLook:
	}
	return nil
}

func sayIf(gotAway bool) {
	if gotAway {
		_, _ = io.WriteString(os.Stdout, escaped)
	}
}

// setOnly sets one of the limits.
func (l Limits) setOnly(which uintptr) {
	for _, r := range l.resources() {
		if r.which == which && !r.set() {
			sayIf(true)
		}
	}
}

// share takes memory that belongs to no process alone, and keeps it for a while.
func (o order) share() bool {
	memory, err := unix.Mmap(-1, 0, 2*o.Limits.MemoryMiB<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_SHARED)
	if err != nil {
		return false
	}
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // a watcher that is there looks much more often
	defer cancel()
	<-ctx.Done()
	return true
}

// spawn makes threads, which count as processes do. A runtime that gets none ends
// the process.
func spawn(n int) bool {
	ready := make(chan struct{})
	for range n {
		go func() {
			runtime.LockOSThread()
			ready <- struct{}{}
			select {}
		}()
	}
	for range n {
		<-ready
	}
	return true
}

// fill writes more than there may be, in one file and in many.
func (o order) fill() bool {
	block := make([]byte, 1<<20)
	write := func(name string, mib int) (written int) {
		f, err := os.Create(filepath.Join(scratch, name)) //nolint:gosec // in the child
		if err != nil {
			return 0
		}
		defer func() { _ = f.Close() }()
		for range mib {
			if _, err := f.Write(block); err != nil {
				return written
			}
			written++
		}
		return written
	}
	if write("large", o.Limits.FileMiB+1) > o.Limits.FileMiB {
		return true
	}
	sum := 0
	for i := range o.Limits.ScratchMiB + 1 {
		sum += write(fmt.Sprint(i), 1)
	}
	return sum > o.Limits.ScratchMiB
}

// look returns what should not be, as sentences.
func (o order) look() (faults []string) {
	bad := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if os.Getuid() != nobody || os.Geteuid() != nobody || os.Getgid() != nobody {
		bad("user: it runs as user %d", os.Geteuid())
	}
	header, caps := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &caps[0]); err != nil || caps != [2]unix.CapUserData{} {
		bad("privileges: it has capabilities")
	}
	if os.Getpid() != 1 {
		bad("processes: it sees those of the host")
	}
	if err := unix.Unshare(unix.CLONE_NEWUSER); err == nil {
		bad("privileges: it can make a user namespace")
	}
	o.lookAtNetwork(bad)
	o.lookAtFiles(bad)
	return faults
}

func (o order) lookAtNetwork(bad func(format string, args ...any)) {
	all, err := net.Interfaces()
	if err != nil {
		bad("network: its interfaces can't be listed: %s", err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 || i.Flags&net.FlagUp != 0 {
			bad("network: interface %s is up", i.Name)
		}
	}
	dialer := net.Dialer{Timeout: time.Second}
	for _, address := range o.Addresses {
		conn, err := dialer.DialContext(context.Background(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			bad("network: it connects to %s of the host", address)
		}
	}
	if fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0); err == nil {
		_ = unix.Close(fd)
		bad("network: it can make a vsock socket")
	}
}

func (o order) lookAtFiles(bad func(format string, args ...any)) {
	for _, dir := range []string{"/", "/usr", "/usr/bin", "/bin", "/lib", "/etc", "/dev"} {
		name := filepath.Join(dir, ".aegis-confined")
		if err := os.WriteFile(name, nil, 0o600); err == nil {
			bad("files: it can write to %s", dir)
		}
	}
	if err := os.WriteFile(filepath.Join(scratch, ".aegis-confined"), nil, 0o600); err != nil {
		bad("files: it can't write to its scratch folder: %s", err)
	}
	for _, name := range []string{"/proc/self", "/sys", "/root", "/home", "/run", "/var", "/etc/shadow", "/etc/hostname", "/etc/ssh"} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			bad("files: it sees %s", name)
		}
	}
	for _, name := range o.Hidden {
		if f, err := os.Open(name); err == nil { //nolint:gosec // a file that must not be there
			_ = f.Close()
			bad("files: it can read %s; move it out of the system's folders, or let user %d not read it", name, nobody)
		}
	}
}
