package confine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/tool"
	"github.com/aegisworld/aegis/internal/confine"
)

type outcome struct {
	ExitCode  int    `json:"exit_code"`
	Stdout    string `json:"stdout"`
	Stderr    string `json:"stderr"`
	Truncated bool   `json:"truncated"`
	Killed    string `json:"killed"`
}

// box is the tool, where it can be had.
type box struct{ tool.Tool }

func (b box) call(t *testing.T, input any) (outcome, error) {
	t.Helper()
	body, err := json.Marshal(input)
	require.NoError(t, err)
	answer, err := b.Run(t.Context(), tool.Caller{}, body)
	var out outcome
	if err == nil {
		require.NoError(t, json.Unmarshal(answer, &out))
	}
	return out, err
}

func (b box) sh(t *testing.T, script string) outcome {
	t.Helper()
	out, err := b.call(t, map[string]any{"argv": []string{"sh", "-c", script}})
	require.NoError(t, err)
	return out
}

func limits() confine.Limits {
	l := confine.DefaultLimits()
	l.Wall, l.CPU, l.MemoryMiB, l.Processes, l.FileMiB, l.ScratchMiB = 30*time.Second, time.Second, 128, 32, 2, 4
	return l
}

// open returns the tool; false is that this machine can't confine anything, and
// then it has said so.
func open(t *testing.T, hidden ...string) (box, bool) {
	t.Helper()
	x, err := confine.New(t.Context(), confine.Options{Executable: "/proc/self/exe", Limits: limits(), Concurrent: 6, Hidden: hidden})
	require.NoError(t, err)
	require.Equal(t, aegis.ToolRuns, x.Effect)
	if x.Unavailable == "" {
		return box{x}, true
	}
	t.Log(x.Unavailable)
	require.Regexp(t, `^commands can't be confined here: (make namespaces: .*, or leave tools.command off|start a child: |proof [a-z]+: .*; |it takes Linux)`, x.Unavailable)
	_, err = x.Run(t.Context(), tool.Caller{}, json.RawMessage(`{"argv":["true"]}`))
	require.ErrorIs(t, err, tool.ErrFailed)
	return box{}, false
}

func TestConfinedCommands(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2"), 0o644))
	b, ok := open(t, secret)
	if !ok {
		return
	}
	for name, test := range map[string]func(*testing.T, box){
		"runs programs":                     runsPrograms,
		"says what it can't start":          saysWhatItCantStart,
		"has an environment of its own":     hasItsOwnEnvironment,
		"is nobody":                         isNobody,
		"reaches no network":                reachesNoNetwork,
		"writes to its folder alone":        writesToItsFolderAlone,
		"is stopped by processor time":      stoppedByProcessorTime,
		"is stopped by memory":              stoppedByMemory,
		"is stopped by memory of many":      stoppedByMemoryOfMany,
		"is stopped by output":              stoppedByOutput,
		"bounds processes":                  boundsProcesses,
		"bounds files":                      boundsFiles,
		"leaves nobody behind":              leavesNobodyBehind,
		"sees no process of the host":       seesNoProcess,
		"gains nothing by setuid programs":  gainsNothing,
		"starts afresh each time":           startsAfresh,
		"ends with its caller":              endsWithItsCaller,
		"refuses names that lead elsewhere": refusesNames,
		"makes no calls that are denied":    makesNoDeniedCalls,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
	t.Run("sees no file of the host", func(t *testing.T) {
		t.Parallel()
		out := b.sh(t, fmt.Sprintf("cat %s /etc/shadow /proc/1/environ /root/.profile; ls /home /var /run /sys /proc", secret))
		require.Empty(t, out.Stdout)
		require.NotContains(t, out.Stderr, "ermission")
		require.Equal(t, 9, strings.Count(out.Stderr, "No such file"))
	})
}

func runsPrograms(t *testing.T, b box) {
	t.Helper()
	out, err := b.call(t, map[string]any{
		"argv": []string{"sh", "-c", "sort; cat data/input.csv; ./script; echo oops >&2; exit 3"}, "stdin": "b\na\n",
		"files": map[string]string{"data/input.csv": "1,2\n", "script": "#!/bin/sh\necho script\n"},
	})
	require.NoError(t, err)
	require.Equal(t, outcome{ExitCode: 3, Stdout: "a\nb\n1,2\nscript\n", Stderr: "oops\n"}, out)
	out = b.sh(t, `printf 'a\377b'`)
	require.Equal(t, "a\uFFFDb", out.Stdout)
}

func saysWhatItCantStart(t *testing.T, b box) {
	t.Helper()
	_, err := b.call(t, map[string]any{"argv": []string{"no-such-program"}})
	require.ErrorIs(t, err, tool.ErrFailed)
	require.ErrorContains(t, err, "no-such-program: no such program")
	_, err = b.call(t, map[string]any{"argv": []string{"./x"}, "files": map[string]string{"x": "\x00\x01"}})
	require.ErrorIs(t, err, tool.ErrFailed)
	_, err = b.call(t, map[string]any{"argv": []string{}})
	require.ErrorIs(t, err, tool.ErrInput)
	_, err = b.call(t, map[string]any{"argv": []string{"a\x00b"}})
	require.ErrorIs(t, err, tool.ErrInput)
}

func hasItsOwnEnvironment(t *testing.T, b box) {
	t.Helper()
	out, err := b.call(t, map[string]any{"argv": []string{"env"}})
	require.NoError(t, err)
	for line := range strings.Lines(out.Stdout) {
		name, _, _ := strings.Cut(line, "=")
		require.Contains(t, []string{"PATH", "HOME", "LANG"}, name)
	}
	require.Equal(t, "/scratch\nconfined\n", b.sh(t, "pwd; uname -n").Stdout)
}

func isNobody(t *testing.T, b box) {
	t.Helper()
	require.Equal(t, "65534 65534 65534\n", b.sh(t, "echo $(id -u) $(id -g) $(id -G)").Stdout)
}

func reachesNoNetwork(t *testing.T, b box) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	if _, err := os.Stat("/bin/bash"); err != nil {
		return // the proof itself has tried to connect
	}
	out, err := b.call(t, map[string]any{"argv": []string{"bash", "-c", "echo hello > /dev/tcp/127.0.0.1/" + port}})
	require.NoError(t, err)
	require.NotZero(t, out.ExitCode)
	require.Contains(t, out.Stderr, "unreachable")
}

func writesToItsFolderAlone(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, `for d in / /usr /usr/bin /etc /dev /lib; do echo x > $d/x && echo $d; done
		ln -s / up; ln -s /etc/passwd own; echo x > up/x && echo link; echo x >> own && echo passwd
		echo x > /usr/bin/env && echo env; mkdir /usr/x && echo mkdir; chmod 777 /usr && echo chmod
		mknod disk b 8 0 && echo mknod; mount -t tmpfs x /usr && echo mount; echo ok > /tmp/x && cat x`)
	require.Equal(t, "ok\n", out.Stdout)
}

func stoppedByProcessorTime(t *testing.T, b box) {
	t.Helper()
	require.Equal(t, "cpu_time", b.sh(t, "while :; do :; done").Killed)
	require.Equal(t, "cpu_time", b.sh(t, "for i in 1 2 3 4; do (while :; do :; done) & done; wait").Killed)
}

func stoppedByMemory(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, "tail /dev/zero; echo $?")
	require.True(t, out.Killed == "memory" || out.Stdout != "0\n", out)
}

func stoppedByMemoryOfMany(t *testing.T, b box) {
	t.Helper()
	// Each tail holds what it has read for as long as more may come, and prints nothing that output's bound sees.
	out := b.sh(t, "for i in 1 2 3 4; do ({ head -c 70m /dev/zero; sleep 20; } | tail >/dev/null) & done; wait")
	require.Contains(t, []string{"memory", "cpu_time"}, out.Killed)
}

func stoppedByOutput(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, "yes")
	require.Contains(t, []string{"output", "cpu_time"}, out.Killed)
	require.True(t, out.Truncated)
	require.Len(t, out.Stdout, 64<<10)
	out = b.sh(t, "head -c 65537 /dev/zero >&2")
	require.True(t, out.Truncated)
	require.Len(t, out.Stderr, 64<<10)
	require.Empty(t, out.Killed)
}

func boundsProcesses(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, "f() { f | f & }; f; sleep 2")
	require.NotEmpty(t, out.Killed+out.Stderr)
	out = b.sh(t, "i=0; while [ $i -lt 64 ]; do sleep 60 & i=$((i+1)); done; echo all")
	require.NotContains(t, out.Stdout, "all")
}

func boundsFiles(t *testing.T, b box) {
	t.Helper()
	require.NotContains(t, b.sh(t, "head -c 3m /dev/zero > large && echo all").Stdout, "all")
	out := b.sh(t, "for i in 1 2 3 4 5 6; do head -c 1m /dev/zero > $i || exit 7; done; echo all")
	require.Equal(t, 7, out.ExitCode)
	out = b.sh(t, "i=0; while [ $i -lt 9000 ]; do : > f$i || exit 7; i=$((i+1)); done; echo all")
	require.NotContains(t, out.Stdout, "all")
}

// running says whether a process of the host has the mark among its arguments.
func running(t *testing.T, mark string) bool {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range all {
		if b, err := os.ReadFile(name); err == nil && strings.Contains(string(b), mark) {
			return true
		}
	}
	return false
}

func leavesNobodyBehind(t *testing.T, b box) {
	t.Helper()
	mark := fmt.Sprintf("8612.%d", os.Getpid())
	out := b.sh(t, fmt.Sprintf("(setsid sh -c '(trap \"\" 1 2 15; sleep %s) & ' >/dev/null 2>&1 </dev/null &); nohup sleep %s & echo gone", mark, mark))
	require.Contains(t, out.Stdout, "gone")
	require.False(t, running(t, mark))
}

func seesNoProcess(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, fmt.Sprintf("kill -9 %d && echo killed; kill -0 %d && echo seen; echo $$ $PPID; kill -9 -1; echo alive", os.Getpid(), os.Getppid()))
	require.Equal(t, "1 0\nalive\n", out.Stdout)
}

func gainsNothing(t *testing.T, b box) {
	t.Helper()
	out := b.sh(t, `su -c id; mount -o remount,rw /usr && echo mounted; unshare -Ur id && echo unshared; chroot / id && echo chroot
		cp /usr/bin/env e; chmod 4755 e; ./e id -u; echo x | newgrp root; true`)
	require.NotContains(t, out.Stdout, "uid=0")
	require.Equal(t, "65534\n", out.Stdout)
}

// makesNoDeniedCalls uses numbers of calls of amd64.
func makesNoDeniedCalls(t *testing.T, b box) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		return
	}
	// A program for i386 that exits with 42: its call number is another call on amd64.
	header := `\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000\124\200\004\010\064\000\000\000\000\000\000\000\000\000\000\000\064\000\040\000\001\000\000\000\000\000\000\000`
	segment := `\001\000\000\000\000\000\000\000\000\200\004\010\000\200\004\010\140\000\000\000\140\000\000\000\005\000\000\000\000\020\000\000`
	code := `\270\001\000\000\000\273\052\000\000\000\315\200`
	out := b.sh(t, "printf '"+header+segment+code+"' > e; chmod +x e; ./e; echo $?")
	require.Contains(t, []string{"159\n", "126\n"}, out.Stdout, out) // killed by the filter, or a kernel without i386
	if _, err := os.Stat("/usr/bin/perl"); err != nil {
		return
	}
	out, err := b.call(t, map[string]any{"argv": []string{"perl", "-e", `
		my $n = "x"; my $zero = pack("x64");
		sub try { my ($name, @call) = @_; print "$name\n" if syscall($call[0], @call[1..$#call]) >= 0 }
		try("vsock", 41, 40, 1, 0); try("packet", 41, 17, 3, 0); try("unshare", 272, 0x10000000); try("memfd", 319, $n, 0);
		try("clone", 56, 0x10000000 | 17, 0, 0, 0, 0); try("clone3", 435, $zero, 64); try("ptrace", 101, 0, 0, 0, 0); try("x32", 0x40000000 + 39);
		try("io_uring", 425, 8, $zero); try("shmget", 29, 0, 4096, 0600); try("keyctl", 250, 0, -3, 1); try("bpf", 321, 0, $zero, 64);
		try("setuid", 105, 0); try("setns", 308, 0, 0); try("prlimit", 302, 0, 6, pack("QQ", 999, 999), 0); try("userfaultfd", 323, 0); try("getpid", 39)`}})
	require.NoError(t, err)
	require.Equal(t, outcome{Stdout: "getpid\n"}, out)
}

func startsAfresh(t *testing.T, b box) {
	t.Helper()
	b.sh(t, "echo x > left")
	require.Equal(t, "0\n", b.sh(t, "ls | wc -l").Stdout)
}

func endsWithItsCaller(t *testing.T, b box) {
	t.Helper()
	mark := fmt.Sprintf("8613.%d", os.Getpid())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(200*time.Millisecond, cancel)
	answer, err := b.Run(ctx, tool.Caller{}, json.RawMessage(`{"argv":["sleep","`+mark+`"]}`))
	require.True(t, err != nil || strings.Contains(string(answer), `"cancelled"`), string(answer))
	require.False(t, running(t, mark))
}

func refusesNames(t *testing.T, b box) {
	t.Helper()
	for _, name := range []string{"../x", "/etc/x", "a/../../x", "", ".", "a//b", "a/./b", "a\nb", "a\\b", "a\x00b", "a/", strings.Repeat("x", 201)} {
		_, err := b.call(t, map[string]any{"argv": []string{"true"}, "files": map[string]string{name: "x"}})
		require.ErrorIs(t, err, tool.ErrInput, name)
	}
	_, err := b.call(t, map[string]any{"argv": []string{"true"}, "files": map[string]string{"x": "1", "x/y": "2"}})
	require.ErrorIs(t, err, tool.ErrFailed) // a file can't be a folder, too
	out, err := b.call(t, map[string]any{"argv": []string{"true"}, "files": map[string]string{"big": strings.Repeat("x", 1<<20+1)}})
	require.ErrorIs(t, err, tool.ErrInput, out)
}

func TestProofsThatFail(t *testing.T) {
	t.Parallel()
	x, err := confine.New(t.Context(), confine.Options{Executable: "/proc/self/exe", Limits: limits(), Hidden: []string{"/usr/bin/env"}})
	require.NoError(t, err)
	require.NotEmpty(t, x.Unavailable)
	if !strings.Contains(x.Unavailable, "namespaces") {
		require.Contains(t, x.Unavailable, "it can read /usr/bin/env; move it")
	}
	x, err = confine.New(t.Context(), confine.Options{Executable: "/usr/bin/env", Limits: limits()})
	require.NoError(t, err)
	require.NotEmpty(t, x.Unavailable)
	x, err = confine.New(t.Context(), confine.Options{Limits: limits()})
	require.NoError(t, err)
	require.Regexp(t, "no executable is named|it takes Linux", x.Unavailable)
}

func TestLimitsOutOfRange(t *testing.T) {
	t.Parallel()
	l := limits()
	l.MemoryMiB = 1
	_, err := confine.New(t.Context(), confine.Options{Limits: l})
	require.ErrorContains(t, err, "memory_mib: 1 is not between 16 and 16384")
}
