package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func buildPlugin(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "pulumi-resource-aws")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// startPlugin runs the plugin as the child of a shell, as an engine would, and
// waits until it serves with its provider running.
func startPlugin(t *testing.T, binary string) (parent, plugin, provider int) {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "sh", "-c", `"$0" & echo $!; wait`, binary)
	shell.Env = append(os.Environ(), "AEGIS_TERRAFORM_PROVIDER_AWS="+providerBinary(t), "AEGIS_PLUGIN_CACHE="+t.TempDir())
	stdout, err := shell.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, shell.Start())
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	plugin, err = strconv.Atoi(lines.Text())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = syscall.Kill(plugin, syscall.SIGKILL)
		_ = shell.Process.Kill()
		_ = shell.Wait()
	})
	require.True(t, lines.Scan(), "the port")
	children := childrenOf(t, plugin)
	require.Len(t, children, 1)
	return shell.Process.Pid, plugin, children[0]
}

func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	var children []int
	for _, name := range files {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for field := range strings.FieldsSeq(string(content)) {
			child, err := strconv.Atoi(field)
			require.NoError(t, err)
			children = append(children, child)
		}
	}
	return children
}

// ended says that a process is gone, or dead and not yet waited for.
func ended(pid int) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(content), ") ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}

func TestNoProcessIsOrphaned(t *testing.T) {
	t.Parallel()
	binary := buildPlugin(t)
	for name, kill := range map[string]func(parent, plugin int) error{
		"when the plugin is killed":     func(_, plugin int) error { return syscall.Kill(plugin, syscall.SIGKILL) },
		"when the plugin is terminated": func(_, plugin int) error { return syscall.Kill(plugin, syscall.SIGTERM) },
		"when its engine is killed":     func(parent, _ int) error { return syscall.Kill(parent, syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent, plugin, provider := startPlugin(t, binary)
			require.False(t, ended(provider))
			require.NoError(t, kill(parent, plugin))
			require.Eventually(t, func() bool { return ended(plugin) && ended(provider) }, 10*time.Minute, 20*time.Millisecond)
		})
	}
}
