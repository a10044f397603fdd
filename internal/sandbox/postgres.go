package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// databaseName is the database, and its owner.
const databaseName = "aegis"

// postgres is the private database server.
type postgres struct {
	*process

	port int
}

// cluster is the server's folder and who owns it. The server reaches it through
// an inherited descriptor, so that folders above it may stay closed to the
// user that it runs as.
type cluster struct {
	bin        string
	dir        string
	credential *syscall.Credential
	password   string
}

// inherited is the cluster's folder as children see it.
const inherited = "/proc/self/fd/3"

func openCluster(o Options) (cluster, error) {
	c := cluster{bin: o.PostgresBin, dir: filepath.Join(o.DataDir, "postgres")}
	var err error
	if c.credential, err = serverUser(); err != nil {
		return c, err
	}
	if c.password, err = secretFile(o.statePath("postgres-password")); err != nil {
		return c, err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return c, fmt.Errorf("open cluster: %w", err)
	}
	return c, c.own(c.dir)
}

// serverUser is whom Postgres runs as: nobody's root. It is nil for a caller
// that is not root itself.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no change of user is a valid answer
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("find a user for Postgres: neither postgres nor nobody exists")
}

// secretFile reads a secret, or makes one of 256 bits, mode 0600.
func secretFile(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the data directory is the operator's
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read secret: %w", err)
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("draw secret: %w", err)
	}
	secret := hex.EncodeToString(random)
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write secret: %w", err)
	}
	return secret, nil
}

func (c cluster) own(path string) error {
	if c.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(c.credential.Uid), int(c.credential.Gid)); err != nil {
		return fmt.Errorf("give %s to the Postgres user: %w", path, err)
	}
	return nil
}

func (c cluster) data() string { return filepath.Join(c.dir, "data") }

// child is one of the server's programs, to be run on the cluster.
func (c cluster) child(folder *os.File, program string, args ...string) child {
	return child{
		name: program, path: filepath.Join(c.bin, program), args: args,
		env:         []string{"PATH=/usr/bin:/bin", "HOME=" + inherited, "LC_ALL=C", "TZ=UTC"},
		files:       []*os.File{folder},
		credential:  c.credential,
		deathSignal: syscall.SIGQUIT,
	}
}

// initialise makes the cluster with its one user and database, if absent. It
// is made beside its place and moved there, so that it is whole or absent.
func (c cluster) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return nil
	}
	folder, err := os.Open(c.dir)
	if err != nil {
		return fmt.Errorf("initialise Postgres: %w", err)
	}
	defer func() { _ = folder.Close() }()
	for _, stale := range []string{"data.new", "data"} {
		if err := os.RemoveAll(filepath.Join(c.dir, stale)); err != nil {
			return fmt.Errorf("initialise Postgres: %w", err)
		}
	}
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(c.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("initialise Postgres: %w", err)
	}
	defer func() { _ = os.Remove(password) }()
	if err := c.own(password); err != nil {
		return err
	}
	if err := finish(ctx, c.child(folder, "initdb", "--pgdata="+inherited+"/data.new", "--username="+databaseName,
		"--pwfile="+inherited+"/password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions")); err != nil {
		return err
	}
	create := c.child(folder, "postgres", "--single", "-D", inherited+"/data.new", "postgres")
	create.stdin = strings.NewReader("CREATE DATABASE " + databaseName + ";\n")
	if err := finish(ctx, create); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(c.dir, "data.new"), c.data()); err != nil {
		return fmt.Errorf("initialise Postgres: %w", err)
	}
	return nil
}

// finish runs a child to its end.
func finish(ctx context.Context, c child) error {
	p, err := run(c)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.stop(syscall.SIGINT, 2*time.Second)
		return fmt.Errorf("run %s: %w", c.name, ctx.Err())
	}
	if p.err != nil {
		return p.ended()
	}
	return nil
}

// postgresStart is how long the server may take, recovery included.
const postgresStart = 2 * time.Minute

// startPostgres makes the cluster if need be, starts the server on a loopback
// port, and waits until it takes connections.
func startPostgres(ctx context.Context, o Options, port int) (*postgres, error) {
	c, err := openCluster(o)
	if err != nil {
		return nil, err
	}
	if err := c.initialise(ctx); err != nil {
		return nil, err
	}
	if err := c.evict(ctx); err != nil {
		return nil, err
	}
	folder, err := os.Open(c.dir)
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	defer func() { _ = folder.Close() }()
	if port, err = freePort(port); err != nil {
		return nil, err
	}
	p, err := run(c.child(folder, "postgres", "-D", inherited+"/data",
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port),
		"-c", "unix_socket_directories="+inherited, "-c", "unix_socket_permissions=0700",
		"-c", "fsync=on", "-c", "max_connections=200", "-c", "shared_buffers=512MB", "-c", "log_statement=none"))
	if err != nil {
		return nil, err
	}
	pg := &postgres{process: p, port: port}
	if err := c.ready(ctx, p); err != nil {
		pg.close()
		return nil, err
	}
	return pg, nil
}

// evict waits for a server of a supervisor that was killed: it was told to end
// and may still be at it.
func (c cluster) evict(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	wrap := func(err error) error { return fmt.Errorf("wait for the former Postgres to end: %w", err) }
	return poll(ctx, 20*time.Millisecond, nil, func() (bool, error) {
		lines := c.pidFile()
		if len(lines) == 0 {
			return true, nil
		}
		pid, err := strconv.Atoi(lines[0])
		if err != nil || !c.runs(pid) {
			// The file is stale; its process number may be another's by now.
			return true, os.Remove(filepath.Join(c.data(), "postmaster.pid"))
		}
		return false, nil
	}, wrap)
}

// runs says whether that process is a server on this cluster: a postmaster
// works in its data folder.
func (c cluster) runs(pid int) bool {
	at, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		return false
	}
	ours, err := os.Stat(c.data())
	return err == nil && os.SameFile(at, ours)
}

func (c cluster) pidFile() []string {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// ready waits for the eighth line of postmaster.pid, as pg_ctl does.
func (c cluster) ready(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, postgresStart)
	defer cancel()
	return poll(ctx, 20*time.Millisecond, p.done, func() (bool, error) {
		lines := c.pidFile()
		return len(lines) >= 8 && lines[0] == strconv.Itoa(p.pid) && strings.TrimSpace(lines[7]) == "ready", nil
	}, func(err error) error {
		if errors.Is(err, errEnded) {
			return p.ended()
		}
		return fmt.Errorf("wait for Postgres: %w", err)
	})
}

// close shuts the server down in order: connections end, a checkpoint is made.
func (pg *postgres) close() { pg.stop(syscall.SIGINT, 20*time.Second) }

// freePort is a free TCP port of the loopback address, the wanted one if it is
// still free.
func freePort(wanted int) (int, error) {
	for _, port := range []int{wanted, 0} {
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			continue
		}
		address, ok := listener.Addr().(*net.TCPAddr)
		if err := listener.Close(); err == nil && ok {
			return address.Port, nil
		}
	}
	return 0, fmt.Errorf("find a free port on 127.0.0.1")
}
