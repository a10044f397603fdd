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
		Wall: 20 * time.Second, CPU: 10 * time.Second, MemoryMiB: 512, Processes: 32,
		FileMiB: 32, ScratchMiB: 64, OpenFiles: 64,
	}
}

const maxTime = 10 * time.Minute

// Check says which limit is out of range, by its name in the configuration.
func (l Limits) Check() error {
	if l.Wall < time.Second || l.Wall > maxTime {
		return fmt.Errorf("timeout: %s is not between 1s and %s", l.Wall, maxTime)
	}
	if l.CPU < time.Second || l.CPU > maxTime || l.CPU%time.Second != 0 {
		return fmt.Errorf("cpu_time: %s is not between 1s and %s in whole seconds", l.CPU, maxTime)
	}
	for _, c := range []struct {
		name           string
		have, low, top int
	}{
		{"memory_mib", l.MemoryMiB, 16, 16384},
		{"processes", l.Processes, 1, 1024},
		{"file_mib", l.FileMiB, 1, 4096},
		{"scratch_mib", l.ScratchMiB, 1, 4096},
		{"open_files", l.OpenFiles, 16, 4096},
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
