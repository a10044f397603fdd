//go:build linux && (amd64 || arm64)

package confine

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// resource is a limit that the kernel keeps, of each process.
type resource struct {
	which uintptr
	limit unix.Rlimit
}

// addressSpace is what a process may reserve beyond its memory: the runtimes of Go,
// Java and Node reserve much that they never use.
const addressSpace = 8 << 30

func (l Limits) resources() []resource {
	memory := uint64(l.MemoryMiB) << 20 //nolint:gosec // checked by Limits.Check
	at := func(which uintptr, n uint64) resource {
		return resource{which, unix.Rlimit{Cur: n, Max: n}}
	}
	return []resource{
		at(unix.RLIMIT_CORE, 0),
		at(unix.RLIMIT_MEMLOCK, 0),
		at(unix.RLIMIT_MSGQUEUE, 0),
		at(unix.RLIMIT_SIGPENDING, 256),
		at(unix.RLIMIT_STACK, 8<<20),
		at(unix.RLIMIT_NOFILE, uint64(l.OpenFiles)),    //nolint:gosec // checked by Limits.Check
		at(unix.RLIMIT_FSIZE, uint64(l.FileMiB)<<20),   //nolint:gosec // as above
		at(unix.RLIMIT_CPU, uint64(l.CPU/time.Second)), //nolint:gosec // as above
		at(unix.RLIMIT_NPROC, uint64(l.Processes)),     //nolint:gosec // as above
		at(unix.RLIMIT_AS, memory+addressSpace),
		at(unix.RLIMIT_DATA, memory),
	}
}

// set allocates nothing.
func (r *resource) set() bool {
	_, _, errno := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, r.which, uintptr(unsafe.Pointer(&r.limit)), 0, 0, 0) //nolint:gosec // a system call takes a pointer
	return errno == 0
}

// execCall is a call of execve that is ready to be made.
type execCall struct {
	file      *byte
	argv, env []*byte
}

func newExec(file string, argv, env []string) (execCall, error) {
	var c execCall
	var err error
	if c.file, err = syscall.BytePtrFromString(file); err != nil {
		return c, err
	}
	if c.argv, err = syscall.SlicePtrFromStrings(argv); err != nil {
		return c, err
	}
	c.env, err = syscall.SlicePtrFromStrings(env)
	return c, err
}

// exec allocates nothing, and returns when the program can't be started.
func (c *execCall) exec() {
	_, _, _ = syscall.RawSyscall(unix.SYS_EXECVE,
		uintptr(unsafe.Pointer(c.file)),     //nolint:gosec // a system call takes pointers
		uintptr(unsafe.Pointer(&c.argv[0])), //nolint:gosec // as above
		uintptr(unsafe.Pointer(&c.env[0])))  //nolint:gosec // as above
}
