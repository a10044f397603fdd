//go:build linux && (amd64 || arm64)

package confine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// How often a command's use is looked at, and the unit of times in /proc (proc(5);
// a hundredth of a second on all that Go runs on).
const (
	watchEvery = 20 * time.Millisecond
	clockTick  = 10 * time.Millisecond
)

// use is what processes take together.
type use struct {
	memory int64
	cpu    time.Duration
	count  int
}

// watch kills a command whose processes together take more than one may: the
// kernel's limits are of each process.
func (c *child) watch(ctx context.Context, l Limits) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var u use
		u.add(c.cmd.Process.Pid, 4*l.Processes)
		switch {
		case u.memory > int64(l.MemoryMiB)<<20:
			c.kill(errMemory)
		case u.cpu > l.CPU:
			c.kill(errCPU)
		}
	}
}

// add counts a process of the host and its descendants, as many as most. In the
// child's namespace orphans become children of its first process.
func (u *use) add(pid, most int) {
	if u.count++; u.count > most {
		return
	}
	dir := fmt.Sprintf("/proc/%d", pid)
	if fields := strings.Fields(read(dir + "/statm")); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		u.memory += pages * int64(os.Getpagesize())
	}
	// The name, in brackets, may hold anything; times are fields 14 to 17, the third
	// is the first behind it.
	stat := read(dir + "/stat")
	if fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]); len(fields) > 14 {
		for _, field := range fields[11:15] {
			ticks, _ := strconv.ParseInt(field, 10, 64)
			u.cpu += time.Duration(ticks) * clockTick
		}
	}
	threads, _ := filepath.Glob(dir + "/task/*/children")
	for _, thread := range threads {
		for child := range strings.FieldsSeq(read(thread)) {
			if n, err := strconv.Atoi(child); err == nil {
				u.add(n, most)
			}
		}
	}
}

// read returns "" for a process that has ended.
func read(path string) string {
	b, _ := os.ReadFile(path) //nolint:gosec // in /proc
	return string(b)
}
