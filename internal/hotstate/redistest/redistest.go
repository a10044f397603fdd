// Package redistest runs a real Redis for a test, on a free port of the loopback
// interface, with a password. Without the program tests fail: `make setup` gets it.
package redistest

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Server is a running Redis.
type Server struct {
	// URL is without the password, which is in PasswordFile.
	URL, PasswordFile, Password string

	addr    string
	dir     string
	cluster string
	stop    func()
}

// Start runs a Redis until the end of the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return start(tb, "")
}

// StartCluster runs a Redis in cluster mode: one node, with all slots.
func StartCluster(tb testing.TB) *Server {
	tb.Helper()
	s := start(tb, "cluster-enabled yes\ncluster-announce-ip 127.0.0.1\n")
	client := redis.NewClient(&redis.Options{Addr: s.addr, Password: s.Password})
	defer func() { _ = client.Close() }()
	require.NoError(tb, client.ClusterAddSlotsRange(tb.Context(), 0, 16383).Err())
	require.Eventually(tb, func() bool {
		info, err := client.ClusterInfo(tb.Context()).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	}, time.Minute, 10*time.Millisecond)
	return s
}

func start(tb testing.TB, cluster string) *Server {
	tb.Helper()
	s := &Server{cluster: cluster, Password: rand.Text(), dir: tb.TempDir()}
	s.PasswordFile = filepath.Join(s.dir, "password")
	require.NoError(tb, os.WriteFile(s.PasswordFile, []byte(s.Password+"\n"), 0o600))
	s.addr = freeAddr(tb)
	s.URL = "redis://" + s.addr + "/0"
	s.Restart(tb)
	tb.Cleanup(func() { s.Stop() })
	return s
}

// lastPort is the last one that a cluster's nodes, which talk on one that is
// 10000 higher, can have.
const lastPort = 55535

func freeAddr(tb testing.TB) string {
	tb.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
		require.NoError(tb, err)
		addr := listener.Addr()
		if tcp, ok := addr.(*net.TCPAddr); ok && tcp.Port <= lastPort {
			require.NoError(tb, listener.Close())
			return addr.String()
		}
		defer func() { _ = listener.Close() }() // so that another is found
	}
}

// Stop ends the server, and its data with it.
func (s *Server) Stop() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Restart starts the server again, on the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.Stop()
	path, err := exec.LookPath("redis-server")
	require.NoError(tb, err, "redis-server is missing: run make setup")
	_, port, err := net.SplitHostPort(s.addr)
	require.NoError(tb, err)
	// The password goes by standard input: others can see arguments.
	cmd := exec.Command(path, "-") //nolint:noctx,gosec // it is ended below, and found on PATH
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader(fmt.Sprintf(
		"bind 127.0.0.1\nport %s\nrequirepass %s\nsave \"\"\nappendonly no\ndaemonize no\nloglevel warning\ndir %s\n%s", port, s.Password, s.dir, s.cluster))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done := make(chan struct{})
	started := make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		started <- cmd.Start()
		_ = cmd.Wait()
	}()
	require.NoError(tb, <-started)
	s.stop = func() {
		_ = cmd.Process.Kill()
		<-done
	}
	require.Eventually(tb, func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(tb.Context(), "tcp", s.addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, time.Minute, 10*time.Millisecond)
}
