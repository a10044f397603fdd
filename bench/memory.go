package bench

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watchMemory samples the memory of this process's descendants until the
// returned function is called, which answers the highest sum seen, in bytes.
func watchMemory(ctx context.Context) (peak func() uint64) {
	return sampled(ctx, func() uint64 { return descendantMemory(os.Getpid()) })
}

// A measuring of many large processes takes a while: it is to disturb what it
// measures no more than one part in sampleShare of the time.
const (
	samplePause = 50 * time.Millisecond
	sampleShare = 20
)

// sampled calls measure until the returned function is called, which answers the
// highest value.
func sampled(ctx context.Context, measure func() uint64) (peak func() uint64) {
	ctx, cancel := context.WithCancel(ctx)
	result := make(chan uint64, 1)
	go func() {
		var highest uint64
		for {
			begun := time.Now()
			highest = max(highest, measure())
			pause := time.NewTimer(max(samplePause, sampleShare*time.Since(begun)))
			select {
			case <-ctx.Done():
				pause.Stop()
				result <- highest
				return
			case <-pause.C:
			}
		}
	}()
	return func() uint64 {
		cancel()
		return <-result
	}
}

// descendantMemory is the resident memory of all descendants of a process,
// shared pages counted in proportion where the kernel tells.
func descendantMemory(root int) uint64 {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name) //nolint:gosec // procfs
		if err != nil {
			continue // it has ended
		}
		// The command, in parentheses, may hold anything.
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		fields := strings.Fields(rest)
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) < 2 || err1 != nil {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	var sum uint64
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		sum += processMemory(queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return sum
}

func processMemory(pid int) uint64 {
	for _, from := range [][2]string{{"smaps_rollup", "Pss:"}, {"status", "VmRSS:"}} {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + from[0])
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			if rest, ok := strings.CutPrefix(line, from[1]); ok {
				kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				return kib << 10
			}
		}
	}
	return 0
}
