package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of times in /proc, USER_HZ of Linux on all its ABIs.
const clockTick = time.Second / 100

// processTree is a view of /proc.
type processTree struct {
	children map[int][]int
	// times are user and system time, those of children that were waited for
	// included.
	times map[int]time.Duration
}

func readProcesses() processTree {
	t := processTree{children: map[int][]int{}, times: map[int]time.Duration{}}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name) //nolint:gosec // procfs
		if err != nil {
			continue // it has ended
		}
		// The command, in parentheses, may hold anything.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) < 15 || err != nil {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			t.children[parent] = append(t.children[parent], pid)
		}
		for _, field := range fields[11:15] {
			ticks, _ := strconv.ParseInt(field, 10, 64)
			t.times[pid] += time.Duration(ticks) * clockTick
		}
	}
	return t
}

// below are a process's descendants, without those that are to be left out and
// theirs.
func (t processTree) below(root int, without map[int]bool) []int {
	var found []int
	for queue := t.children[root]; len(queue) > 0; queue = queue[1:] {
		if !without[queue[0]] {
			found = append(found, queue[0])
			queue = append(queue, t.children[queue[0]]...)
		}
	}
	return found
}

// descendants are the processes that this one has.
func descendants() map[int]bool {
	set := map[int]bool{}
	for _, pid := range readProcesses().below(os.Getpid(), nil) {
		set[pid] = true
	}
	return set
}

// cpuTime is what this process and its descendants used so far, without those
// that are to be left out. With them count orphans, dead or alive, whose reaper
// this process is.
func cpuTime(without map[int]bool) time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var use syscall.Rusage
		if syscall.Getrusage(who, &use) == nil {
			sum += time.Duration(use.Utime.Nano() + use.Stime.Nano())
		}
	}
	tree := readProcesses()
	for _, pid := range tree.below(os.Getpid(), without) {
		sum += tree.times[pid]
	}
	return sum
}

// treeMemory is the resident memory of this process and of its descendants,
// without those that are to be left out.
func treeMemory(without map[int]bool) uint64 {
	sum := processMemory(os.Getpid())
	for _, pid := range readProcesses().below(os.Getpid(), without) {
		sum += processMemory(pid)
	}
	return sum
}
