package pgtest

import (
	"bufio"
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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed supervise.sh
var supervise string

// settings trade durability for speed: the data does not outlive the process.
const settings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 400
shared_buffers = 64MB
max_wal_size = 256MB
autovacuum_naptime = 10min
`

// Cluster is a private Postgres server.
type Cluster struct {
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
	c := &Cluster{password: rand.Text()}
	if err := c.launch(bin, dir, owner); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
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
	return c.await(20 * time.Second)
}

// Close ends the server, removes its files and waits for both.
func (c *Cluster) Close() error {
	return errors.Join(c.verbs.Close(), c.shell.Wait())
}

func (c *Cluster) do(verb string) error {
	if _, err := fmt.Fprintln(c.verbs, verb); err != nil {
		return fmt.Errorf("%s server: %w", verb, err)
	}
	if _, err := c.answers.ReadString('\n'); err != nil {
		return fmt.Errorf("%s server: supervisor: %w", verb, err)
	}
	return nil
}

func (c *Cluster) launch(bin, dir string, owner *syscall.Credential) error {
	if err := initialise(bin, dir, c.password, owner); err != nil {
		return err
	}
	var err error
	if c.port, err = freePort(); err != nil {
		return err
	}
	if err := c.supervise(bin, dir, owner); err != nil {
		return err
	}
	if err := c.Restart(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) //nolint:gosec // the folder is ours
		return fmt.Errorf("%w\n%s", errors.Join(err, c.Close()), log)
	}
	return nil
}

// supervise starts the shell that owns the server. It is in a session of its
// own, so that an interrupt of the tests reaches it only as end of input.
func (c *Cluster) supervise(bin, dir string, owner *syscall.Credential) error {
	cmd := exec.CommandContext(context.Background(), "sh", "-c", supervise, "sh", bin, dir, strconv.Itoa(c.port)) //nolint:gosec // paths of this machine
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	cmd.Dir = dir
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

// await waits until the server answers to our password.
func (c *Cluster) await(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for server: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Atoi(port)
}
