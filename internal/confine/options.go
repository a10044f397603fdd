package confine

import (
	"fmt"
	"time"
)

// Limits bound one command and all the processes that it starts.
type Limits struct {
	// Wall is the longest that it runs.
	Wall time.Duration `json:"wall"`
	// CPU is the most processor time of all its processes, in whole seconds.
	CPU time.Duration `json:"cpu"`
	// MemoryMiB is the most memory of each process, and of all of them together.
	MemoryMiB int `json:"memory_mib"`
	// Processes is the most processes and threads.
	Processes int `json:"processes"`
	// FileMiB is the largest file that it may write; ScratchMiB all of them together.
	FileMiB    int `json:"file_mib"`
	ScratchMiB int `json:"scratch_mib"`
	// OpenFiles is the most open files of each process.
	OpenFiles int `json:"open_files"`
}

// DefaultLimits are enough for text tools and short scripts.
func DefaultLimits() Limits {
	return Limits{
		Wall: 20 * time.Second, CPU: 10 * time.Second, MemoryMiB: 512, Processes: 64,
		FileMiB: 32, ScratchMiB: 64, OpenFiles: 128,
	}
}

// Check says which limit is out of range.
func (l Limits) Check() error {
	for _, c := range []struct {
		name           string
		have, low, top int64
	}{
		{"wall_seconds", int64(l.Wall / time.Second), 1, 600},
		{"cpu_seconds", int64(l.CPU / time.Second), 1, 600},
		{"memory_mib", int64(l.MemoryMiB), 16, 16384},
		{"processes", int64(l.Processes), 1, 1024},
		{"file_mib", int64(l.FileMiB), 1, 4096},
		{"scratch_mib", int64(l.ScratchMiB), 1, 4096},
		{"open_files", int64(l.OpenFiles), 16, 4096},
	} {
		if c.have < c.low || c.have > c.top {
			return fmt.Errorf("%s: %d is not between %d and %d", c.name, c.have, c.low, c.top)
		}
	}
	return nil
}

// Options configure the tool.
type Options struct {
	// Executable is a program whose main calls Child: "/proc/self/exe" when it is
	// this one.
	Executable string
	// Limits are those of every command.
	Limits Limits
	// Concurrent is the most commands at once; 2 when 0.
	Concurrent int
	// Hidden are files that no command may read, such as the configuration and files
	// of secrets: a proof looks for them.
	Hidden []string
}

// The bounds of what goes in and comes out.
const (
	maxOutput   = 64 << 10 // of each of the two
	maxDiscard  = 16 << 20 // what is read and thrown away before the command is killed
	maxStdin    = 1 << 20
	maxFiles    = 64
	maxFileSum  = 1 << 20
	maxFileName = 200
	maxArgs     = 256
	maxArg      = 64 << 10
)
