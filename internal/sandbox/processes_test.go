package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
)

const (
	startPatience = 10 * time.Minute
	pollPause     = 20 * time.Millisecond
)

// processes are the live ones whose command line or working folder names the
// data directory, or whose environment does.
func processes(t *testing.T, dataDir string) []int {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var found []int
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil || pid == os.Getpid() {
			continue
		}
		// What is gone meanwhile, or a zombie, has neither.
		line, _ := os.ReadFile(folder + "/cmdline")
		environment, _ := os.ReadFile(folder + "/environ")
		at, _ := os.Readlink(folder + "/cwd")
		if strings.Contains(string(line)+string(environment)+at, dataDir) {
			found = append(found, pid)
		}
	}
	return found
}

// detachedOptions let Start run this test binary as the supervisor.
func detachedOptions(t *testing.T) sandbox.Options {
	t.Helper()
	opts := sandboxtest.Options(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	opts.Executable = exe
	return opts
}

func TestDetachedSupervisor(t *testing.T) {
	t.Parallel()
	opts := detachedOptions(t)
	ctx := context.WithoutCancel(t.Context())
	account, err := sandbox.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, account.Stop(ctx)) })

	again, err := sandbox.Start(t.Context(), opts)
	require.NoError(t, err)
	require.Equal(t, account, again, "a second start finds the account")
	require.GreaterOrEqual(t, len(processes(t, opts.DataDir)), 3)

	vpc, err := ec2.NewFromConfig(adminConfig(account, "us-east-1")).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	execute(t, account, "CREATE TABLE kept (n int)")

	require.NoError(t, syscall.Kill(account.SupervisorPID, syscall.SIGKILL))
	require.Eventually(t, func() bool { return len(processes(t, opts.DataDir)) == 0 }, startPatience, pollPause, "children die with it")

	recovered, err := sandbox.Start(t.Context(), opts)
	require.NoError(t, err)
	require.Equal(t, front.Replayed, recovered.Continuity, recovered.ContinuityReason)
	require.NotEqual(t, account.SupervisorPID, recovered.SupervisorPID)
	_, err = ec2.NewFromConfig(adminConfig(recovered, "us-east-1")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{*vpc.Vpc.VpcId}})
	require.NoError(t, err)
	execute(t, recovered, "INSERT INTO kept VALUES (1)")

	require.NoError(t, recovered.Stop(t.Context()))
	require.Empty(t, processes(t, opts.DataDir), "nothing is left")
}

// A killed supervisor has its lock for a moment after its memory and its
// socket are gone.
func TestStartOutlastsADyingSupervisor(t *testing.T) {
	t.Parallel()
	opts := detachedOptions(t)
	opts.PostgresBin = ""
	folder := filepath.Join(opts.DataDir, "sandbox")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	dying := flock.New(filepath.Join(folder, "supervisor.lock"))
	require.NoError(t, dying.Lock())
	time.AfterFunc(10*pollPause, func() { _ = dying.Unlock() })

	account, err := sandbox.Start(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, account.Stop(context.WithoutCancel(t.Context())))
}

func execute(t *testing.T, account *sandbox.Account, statement string) {
	t.Helper()
	address, err := account.DatabaseURLWithPassword()
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func TestStartSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	opts := detachedOptions(t)
	opts.Moto, opts.PostgresBin = []string{"/bin/false"}, ""
	_, err := sandbox.Start(t.Context(), opts)
	require.ErrorContains(t, err, "emulator of us-east-1 ended")
	require.Empty(t, processes(t, opts.DataDir))
}

func TestAloneSupervisorEnds(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin, opts.Alone = "", 5*time.Second
	ended := make(chan error, 1)
	go func() { ended <- sandbox.Supervise(t.Context(), opts) }()
	require.NoError(t, <-ended)
}

func TestHoldNoticesTheEnd(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	opts.PostgresBin = ""
	account, stop := runAccount(t, opts)
	held := make(chan error, 1)
	go func() { held <- account.Hold(t.Context()) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, account.Hold(ctx))
	stop()
	require.ErrorIs(t, <-held, sandbox.ErrGone)
}

func TestCrashedChildrenComeBack(t *testing.T) {
	t.Parallel()
	opts := sandboxtest.Options(t)
	account := sandboxtest.StartWith(t, opts)
	client := ec2.NewFromConfig(adminConfig(account, "us-east-1"))
	vpc, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	for _, pid := range processes(t, opts.DataDir) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	require.Eventually(t, func() bool {
		_, err := client.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{*vpc.Vpc.VpcId}})
		return err == nil
	}, startPatience, pollPause)
	require.Eventually(t, func() bool {
		address, err := account.DatabaseURLWithPassword()
		require.NoError(t, err)
		conn, err := pgx.Connect(t.Context(), address)
		return err == nil && conn.Close(t.Context()) == nil
	}, startPatience, pollPause)
}
