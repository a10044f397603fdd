package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis/internal/sandbox/front"
)

// ErrRunning says that another supervisor has the data directory.
var ErrRunning = errors.New("a supervisor runs on this data directory already")

// supervisor runs the account: Postgres, an emulator per region, the front.
type supervisor struct {
	opts  Options
	saved saved
	front *front.Front

	mu        sync.Mutex
	account   *Account
	emulators map[string]*emulator
	postgres  *postgres
	// failure is why starting failed.
	failure string

	holders holders
	stop    context.CancelCauseFunc
}

// errStopped says that the account was asked to stop.
var errStopped = errors.New("stopped on request")

// Supervise runs the account in this process until it is asked to stop, ctx
// ends, or nobody held it for Options.Alone. Everything that it started has
// ended when it returns. It is the main of "aegis sandbox supervise".
// Fields of opts that are empty are the ones that Start was given.
func Supervise(ctx context.Context, opts Options) error {
	opts, err := opts.recalled()
	if err != nil {
		return err
	}
	lock := flock.New(opts.statePath("supervisor.lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the data directory: %w", err)
	}
	if !held {
		return ErrRunning
	}
	defer func() { _ = lock.Unlock() }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &supervisor{opts: opts, emulators: map[string]*emulator{}, stop: stop}
	err = s.run(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errStopped) || errors.Is(cause, errAlone) {
		opts.Logger.InfoContext(ctx, "sandbox stopped", "cause", cause)
		return nil
	}
	return err
}

func (s *supervisor) run(ctx context.Context) error {
	if err := s.load(); err != nil {
		return err
	}
	control, err := s.listenControl()
	if err != nil {
		return err
	}
	defer func() { _ = control.Close() }()
	s.holders.start(ctx, s.opts.Alone, s.stop)
	defer s.closeChildren()
	aws, err := s.begin(ctx)
	if err != nil {
		s.fail(err)
		// Whoever waits for the account reads the failure before we go.
		s.holders.linger(ctx)
		return err
	}
	defer func() { _ = aws.Close() }()
	delivering, stopDelivery := context.WithCancel(ctx)
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		s.front.Deliver(delivering)
	}()
	defer func() {
		stopDelivery()
		<-delivered
		_ = s.front.Close()
	}()
	return s.watch(ctx)
}

// begin brings everything up, in parallel where it can be.
func (s *supervisor) begin(ctx context.Context) (*http.Server, error) {
	var err error
	s.front, err = front.New(front.Config{
		AccountID: AccountID, Regions: s.saved.Regions, Dir: s.opts.stateDir(), Logger: s.opts.Logger,
		Now: s.opts.Now,
	})
	if err != nil {
		return nil, err
	}
	group, starting := errgroup.WithContext(ctx)
	if s.opts.PostgresBin != "" {
		group.Go(func() error { return s.beginPostgres(starting) })
	}
	replay := &replays{}
	for _, region := range s.saved.Regions {
		group.Go(func() error { return s.beginRegion(starting, region, replay) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, replay); err != nil {
		return nil, err
	}
	return s.serve(ctx, replay)
}

func (s *supervisor) beginPostgres(ctx context.Context) error {
	pg, err := startPostgres(ctx, s.opts, s.saved.PostgresPort)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.postgres = pg
	s.saved.PostgresPort = pg.port
	return nil
}

func (s *supervisor) beginRegion(ctx context.Context, region string, replay *replays) error {
	e, err := startEmulator(ctx, s.opts.Moto, region, s.opts.statePath("emulator-"+region))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.emulators[region] = e
	s.mu.Unlock()
	n, err := s.front.Connect(ctx, region, e.transport)
	if err != nil && !front.IsDiverged(err) {
		return err
	}
	replay.add(n, err)
	return nil
}

// replays collects how the regions' replays went.
type replays struct {
	mu       sync.Mutex
	calls    int
	diverged error
}

func (r *replays) add(calls int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls += calls
	r.diverged = errors.Join(r.diverged, err)
}

// settle begins anew what could not be replayed, and makes the first users.
func (s *supervisor) settle(ctx context.Context, replay *replays) error {
	if replay.diverged != nil {
		s.opts.Logger.WarnContext(ctx, "account begins anew", "reason", replay.diverged)
		if err := s.front.Reset(ctx, s.transports()); err != nil {
			return err
		}
	}
	admin, err := s.front.Ensure(ctx, front.AdminUser)
	if err != nil {
		return err
	}
	autopilot, err := s.front.Ensure(ctx, front.AutopilotUser)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = &Account{
		DataDir: s.opts.DataDir, SupervisorPID: os.Getpid(), AccountID: AccountID, Regions: s.saved.Regions,
		AdminAccessKeyID: admin.ID, AdminSecretAccessKey: admin.Secret,
		AutopilotAccessKeyID: autopilot.ID, AutopilotSecretAccessKey: autopilot.Secret,
		PulumiPassphraseFile: s.opts.statePath("pulumi-passphrase"),
	}
	s.account.setContinuity(replay)
	return nil
}

func (a *Account) setContinuity(replay *replays) {
	a.ReplayedCalls = replay.calls
	switch {
	case replay.diverged != nil:
		a.Continuity, a.ContinuityReason = front.Diverged, replay.diverged.Error()
	case replay.calls > 0:
		a.Continuity = front.Replayed
	default:
		a.Continuity, a.ContinuityReason = front.Fresh, "the data directory held no account"
	}
}

func (s *supervisor) transports() map[string]http.RoundTripper {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]http.RoundTripper{}
	for region, e := range s.emulators {
		out[region] = e.transport
	}
	return out
}

// serve opens the AWS endpoint, on the port that it had before if possible,
// and publishes the account.
func (s *supervisor) serve(ctx context.Context, _ *replays) (*http.Server, error) {
	port, err := freePort(s.saved.AWSPort)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return nil, fmt.Errorf("open the AWS endpoint: %w", err)
	}
	server := &http.Server{Handler: s.front, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.stop(fmt.Errorf("serve the AWS endpoint: %w", err))
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved.AWSPort = port
	s.account.AWSEndpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	if s.postgres != nil {
		s.account.DatabaseURL = fmt.Sprintf("postgres://%[1]s@127.0.0.1:%[2]d/%[1]s?sslmode=disable", databaseName, s.postgres.port)
		s.account.DatabasePasswordFile = s.opts.statePath("pgpass")
	}
	if err := s.save(); err != nil {
		_ = server.Close()
		return nil, err
	}
	s.holders.ready()
	return server, nil
}

func (s *supervisor) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err.Error()
	s.opts.Logger.Error("start sandbox", "error", err)
}

// watch waits for the end, and restarts what crashes meanwhile.
func (s *supervisor) watch(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if s.postgres != nil {
		group.Go(func() error { return s.watchPostgres(ctx) })
	}
	for _, region := range s.saved.Regions {
		group.Go(func() error { return s.watchRegion(ctx, region) })
	}
	return group.Wait()
}

// closeChildren ends all children, the database last.
func (s *supervisor) closeChildren() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var group errgroup.Group
	for _, e := range s.emulators {
		group.Go(func() error { e.close(); return nil })
	}
	if s.postgres != nil {
		group.Go(func() error { s.postgres.close(); return nil })
	}
	_ = group.Wait()
}

// saved is what the next supervisor goes on with.
type saved struct {
	Regions      []string `json:"regions"`
	AWSPort      int      `json:"aws_port"`
	PostgresPort int      `json:"postgres_port"`
}

func (s *supervisor) load() error {
	if err := readJSON(s.opts.statePath("account.json"), &s.saved); err != nil {
		return err
	}
	if len(s.saved.Regions) == 0 {
		s.saved.Regions = slices.Clone(s.opts.Regions)
	}
	_, err := secretFile(s.opts.statePath("pulumi-passphrase"))
	return err
}

// save writes what the next supervisor needs, and the password file.
func (s *supervisor) save() error {
	if s.postgres != nil {
		password, err := secretFile(s.opts.statePath("postgres-password"))
		if err != nil {
			return err
		}
		line := fmt.Sprintf("127.0.0.1:%d:*:%s:%s\n", s.postgres.port, databaseName, password)
		if err := writeFile(s.opts.statePath("pgpass"), []byte(line)); err != nil {
			return err
		}
	}
	return writeJSON(s.opts.statePath("account.json"), s.saved)
}
