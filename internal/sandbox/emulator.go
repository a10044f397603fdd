package sandbox

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// emulator is one running moto server. It listens on a Unix socket that only
// this user can reach, so nothing changes the account past the front.
type emulator struct {
	*process

	region    string
	dir       *os.File
	transport *http.Transport
}

// startEmulator starts a server for the region and waits until it answers.
// dir is a folder that is emptied at each start.
func startEmulator(ctx context.Context, command []string, region, dir string) (*emulator, error) {
	if len(command) == 0 {
		return nil, fmt.Errorf("start emulator: no command configured")
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "home"), 0o700); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	if err := copyModules(dir); err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	// A socket's path may have 107 bytes; through a descriptor of its folder it
	// is short however deep the data directory lies.
	folder, err := os.Open(dir) //nolint:gosec // the data directory is the operator's
	if err != nil {
		return nil, fmt.Errorf("start emulator: %w", err)
	}
	p, err := run(child{
		name: "emulator of " + region, path: command[0],
		args:        append(append([]string{}, command[1:]...), "-H", "unix:///proc/self/fd/3/aws.sock", "-p", "0"),
		env:         emulatorEnv(dir),
		files:       []*os.File{folder},
		deathSignal: syscall.SIGKILL,
	})
	if err != nil {
		_ = folder.Close()
		return nil, err
	}
	e := &emulator{process: p, region: region, dir: folder, transport: socketTransport(folder)}
	if err := e.ready(ctx); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func copyModules(dir string) error {
	python, err := fs.Sub(modules, "emulator")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, python)
}

// modules are what Python imports at its start; see there.
//
//go:embed emulator/*.py
var modules embed.FS

// emulatorEnv is everything that the server sees of the world. Hashes are fixed
// so that replays iterate in the same order.
func emulatorEnv(dir string) []string {
	home := filepath.Join(dir, "home")
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		"PYTHONPATH=" + dir, "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
		"MOTO_ACCOUNT_ID=" + AccountID, "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "S3_IGNORE_SUBDOMAIN_BUCKETNAME=true",
		"MOTO_LAMBDA_DATA_DIR=" + filepath.Join(home, "lambda"), "AWS_EC2_METADATA_DISABLED=true", "MOTO_ACM_VALIDATION_WAIT=1",
	}
}

func socketTransport(folder *os.File) *http.Transport {
	address := "/proc/self/fd/" + strconv.FormatUint(uint64(folder.Fd()), 10) + "/aws.sock"
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", address)
		},
		DisableCompression: true,
		MaxConnsPerHost:    32,
	}
}

// emulatorStart is how long a server may take to answer at first.
const emulatorStart = 2 * time.Minute

func (e *emulator) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, emulatorStart)
	defer cancel()
	return poll(ctx, 20*time.Millisecond, e.done, func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/moto-api/seed?a=1", http.NoBody)
		if err != nil {
			return false, fmt.Errorf("ask emulator: %w", err)
		}
		resp, err := e.transport.RoundTrip(req)
		if err != nil {
			return false, nil //nolint:nilerr // not listening yet
		}
		return true, resp.Body.Close()
	}, func(err error) error {
		if errors.Is(err, errEnded) {
			<-e.done
			return e.ended()
		}
		return fmt.Errorf("wait for the %s: %w", e.name, err)
	})
}

func (e *emulator) close() {
	e.transport.CloseIdleConnections()
	// It holds nothing worth an orderly end.
	e.stop(syscall.SIGKILL, 2*time.Second)
	_ = e.dir.Close()
}
