package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed supervise.sh
var supervise string

// settings trade durability for speed: the data does not outlive the process.
const settings = `
listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = ''
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 400
shared_buffers = 64MB
max_wal_size = 256MB
autovacuum_naptime = 10min
`

// errPortTaken says that somebody took the free port before the server did.
var errPortTaken = errors.New("port taken")

// Cluster is a private Postgres server.
type Cluster struct {
	dir      string
	port     int
	password string
	shell    *exec.Cmd
	verbs    io.WriteCloser
	answers  *bufio.Reader
}

// Start starts a server of its own for a test that stops and starts it.
// Close ends it; so does the end of the process.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aegis-pgtest-")
	if err != nil {
		return nil, fmt.Errorf("create a folder: %w", err)
	}
	c := &Cluster{dir: dir, password: rand.Text()}
	if err := c.supervise(bin, owner); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.launch(); err != nil {
		log, _ := os.ReadFile(c.logFile()) // all that is known of the cause
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, c.Close()), log)
	}
	return c, nil
}

// URL is the address of a database, as its superuser.
func (c *Cluster) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("aegis", c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Stop shuts the server down, as a database that goes away.
func (c *Cluster) Stop() error { return c.do("stop") }

// Restart starts a stopped server on the same port and waits for it.
func (c *Cluster) Restart() error {
	if err := c.do("start"); err != nil {
		return err
	}
	return c.await(time.Minute)
}

// Close ends the server, removes its files and waits for both.
func (c *Cluster) Close() error {
	return errors.Join(c.verbs.Close(), c.shell.Wait())
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

// supervise starts the shell that owns the server and its folder. It is in a
// session of its own, so that an interrupt of the tests reaches it only as end
// of input.
func (c *Cluster) supervise(bin string, owner *syscall.Credential) error {
	secret := filepath.Join(c.dir, "password")
	if err := os.WriteFile(secret, []byte(c.password), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	if err := give(owner, c.dir, secret); err != nil {
		return err
	}
	cmd := exec.CommandContext(context.Background(), "sh", "-c", supervise, "sh", bin, c.dir) //nolint:gosec // paths of this machine
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	cmd.Dir = c.dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	c.shell, c.verbs, c.answers = cmd, stdin, bufio.NewReader(stdout)
	return nil
}

// do has the supervisor do something and waits until it has.
func (c *Cluster) do(verb string) error {
	if _, err := fmt.Fprintln(c.verbs, verb); err != nil {
		return fmt.Errorf("%s server: %w", verb, err)
	}
	answer, err := c.answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s server: supervisor: %w", verb, err)
	}
	if status := strings.TrimSpace(answer); status != "0" {
		return fmt.Errorf("%s server: exit status %s", verb, status)
	}
	return nil
}

// launch creates the server's files and starts it on a free port.
func (c *Cluster) launch() error {
	if err := c.do("init"); err != nil {
		return err
	}
	err := errPortTaken
	for try := 0; try < 5 && errors.Is(err, errPortTaken); try++ {
		if err = c.configure(); err != nil {
			return err
		}
		err = c.Restart()
	}
	return err
}

// configure chooses a port and writes the settings.
func (c *Cluster) configure() error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	addr, _ := l.Addr().(*net.TCPAddr)
	c.port = addr.Port
	if err := l.Close(); err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	path := filepath.Join(c.dir, "data", "postgresql.auto.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, settings, c.port), 0o600); err != nil {
		return fmt.Errorf("configure server: %w", err)
	}
	return os.Truncate(c.logFile(), 0)
}

// await waits until the server answers to our password.
func (c *Cluster) await(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if log, _ := os.ReadFile(c.logFile()); bytes.Contains(log, []byte("could not create any TCP/IP sockets")) {
			return errPortTaken
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for server: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
