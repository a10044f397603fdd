package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// project makes a folder with a program of its own module.
func project(t *testing.T, source string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "go.mod"), "module program\n\ngo 1.26\n")
	write(t, filepath.Join(folder, "main.go"), source)
	return folder
}

func write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(content), 0o700))
}

func request(t *testing.T, folder string, options map[string]any) *pulumirpc.RunRequest {
	t.Helper()
	encoded, err := structpb.NewStruct(options)
	require.NoError(t, err)
	return &pulumirpc.RunRequest{
		Project: "aegis", Stack: "production.network.eu-west-1", Organization: "organization",
		Config: map[string]string{"aegis:size": "small"}, ConfigSecretKeys: []string{"aegis:key"},
		DryRun: true, Parallel: 4, MonitorAddress: "127.0.0.1:1",
		Info: &pulumirpc.ProgramInfo{RootDirectory: filepath.Dir(folder), ProgramDirectory: folder, EntryPoint: ".", Options: encoded},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const begin = "package main\n\nimport \"os\"\n\nfunc main() {\n"
	for name, test := range map[string]struct {
		source string
		want   *pulumirpc.RunResponse
		errors string
	}{
		"answers nothing for a program that succeeds": {begin + "os.Exit(0)\n}\n", &pulumirpc.RunResponse{}, ""},
		"bails when the program told its error":       {begin + "os.Exit(32)\n}\n", &pulumirpc.RunResponse{Bail: true}, ""},
		"tells the exit code of a program that fails": {begin + "os.Exit(3)\n}\n", nil, "exit status 3"},
		"tells what the compiler says":                {begin + "nonsense\n}\n", nil, "undefined: nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, err := (&host{}).Run(t.Context(), request(t, project(t, test.source), nil))
			require.NoError(t, err)
			if test.want == nil {
				require.Contains(t, response.GetError(), test.errors)
				return
			}
			require.Equal(t, test.want.String(), response.String())
		})
	}
}

func TestRunsPrebuiltBinary(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "program"), "#!/bin/sh\nenv >\"$PWD/seen\"\n")
	h := &host{engine: "127.0.0.1:2"}
	response, err := h.Run(t.Context(), request(t, folder, map[string]any{"binary": "program"}))
	require.NoError(t, err)
	require.Empty(t, response.GetError())
	seen, err := os.ReadFile(filepath.Join(folder, "seen"))
	require.NoError(t, err)
	for _, want := range []string{
		"PULUMI_PROJECT=aegis", "PULUMI_STACK=production.network.eu-west-1", "PULUMI_ORGANIZATION=organization",
		"PULUMI_ROOT_DIRECTORY=" + filepath.Dir(folder), `PULUMI_CONFIG={"aegis:size":"small"}`,
		`PULUMI_CONFIG_SECRET_KEYS=["aegis:key"]`, "PULUMI_DRY_RUN=true", "PULUMI_PARALLEL=4",
		"PULUMI_MONITOR=127.0.0.1:1", "PULUMI_ENGINE=127.0.0.1:2",
	} {
		require.Contains(t, strings.Split(string(seen), "\n"), want)
	}
}

func TestNamesBinaryThatIsMissing(t *testing.T) {
	t.Parallel()
	response, err := (&host{}).Run(t.Context(), request(t, t.TempDir(), map[string]any{"binary": "bin/absent"}))
	require.NoError(t, err)
	require.Contains(t, response.GetError(), "bin/absent")
}

func TestFind(t *testing.T) {
	t.Parallel()
	folder, root := t.TempDir(), t.TempDir()
	write(t, filepath.Join(root, "both"), "")
	write(t, filepath.Join(folder, "both"), "")
	write(t, filepath.Join(root, "only"), "")
	for name, want := range map[string]string{
		"/absolute": "/absolute",
		"both":      filepath.Join(folder, "both"),
		"only":      filepath.Join(root, "only"),
	} {
		path, err := find(name, folder, root)
		require.NoError(t, err)
		require.Equal(t, want, path)
	}
	path, err := find("sh", folder, root)
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(path))
}

// TestProgramEndsWithItsHost kills the host while its program runs.
func TestProgramEndsWithItsHost(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "pulumi-language-go")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	running := exec.CommandContext(t.Context(), binary, "-root=/", "127.0.0.1:1")
	stdout, err := running.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, running.Start())
	t.Cleanup(func() { _ = running.Process.Kill() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	folder := t.TempDir()
	write(t, filepath.Join(folder, "program"), "#!/bin/sh\necho $$ >\"$PWD/new\"; mv \"$PWD/new\" \"$PWD/pid\"; exec sleep 600\n")
	conn, err := grpc.NewClient(net.JoinHostPort("127.0.0.1", strings.TrimSpace(port)),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	client := pulumirpc.NewLanguageRuntimeClient(conn)
	answered := make(chan error, 1)
	run := request(t, folder, map[string]any{"binary": "program"})
	go func() {
		_, err := client.Run(t.Context(), run)
		answered <- err
	}()
	var program int
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(filepath.Join(folder, "pid"))
		if err != nil {
			return false
		}
		program, err = strconv.Atoi(strings.TrimSpace(string(content)))
		return err == nil
	}, time.Minute, 10*time.Millisecond)

	require.NoError(t, running.Process.Kill())
	require.Error(t, running.Wait())
	require.Error(t, <-answered)
	require.Eventually(t, func() bool { return ended(program) }, 10*time.Minute, 10*time.Millisecond)
}

// ended says that a process is gone, or dead and not yet waited for.
func ended(pid int) bool {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return syscall.Kill(pid, 0) != nil
	}
	_, state, _ := strings.Cut(string(content), ") ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}
