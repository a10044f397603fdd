package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// patience bounds each wait of these tests; nothing is asserted about speed.
const patience = 40 * time.Minute

// estate is the converged small estate that the tests share; each test changes
// a part of it that no other does.
var estate struct { //nolint:gochecknoglobals // set once by TestMain
	*e2e.Process

	log syncBuffer
	// args are those that every worker of the estate needs.
	args []string
}

func TestMain(m *testing.M) {
	if os.Getenv("PULUMI_MONITOR") != "" {
		pulumi.Run(foreign) // a language host runs this binary as a program
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "aegis-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	model, file, err := librarian(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer model.Close()
	shelf, tools, err := openShelf(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shelf.Close()
	estate.args = []string{"--models", file, "--tools", tools}
	estate.Process, err = e2e.Start(ctx, e2e.Options{Executable: binary(), DataDir: dir, Estate: "small", Log: &estate.log, Args: estate.args})
	if err == nil {
		defer func() { _ = estate.Stop(context.WithoutCancel(ctx)) }()
		err = e2e.AwaitEstate(ctx, client.New(estate.URL, estate.Token), 15)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "start the estate: %v\n%s\n", err, estate.log.tail())
		return 1
	}
	code := m.Run()
	if code != 0 {
		fmt.Fprintln(os.Stderr, estate.log.tail())
	}
	return code
}

// binary is bin/aegis of this checkout, which `make test` builds.
func binary() string {
	path, err := filepath.Abs("../../bin/aegis")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		panic(fmt.Errorf("%w; run `make build`", err))
	}
	return path
}

// root is the checkout.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

// syncBuffer is a buffer that a process may write while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()[max(0, s.b.Len()-8000):]
}

// start starts a sandbox of the test's own, which ends with the test.
func start(t *testing.T) *e2e.Process {
	t.Helper()
	log := &syncBuffer{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := e2e.Start(ctx, e2e.Options{Executable: binary(), DataDir: t.TempDir(), Estate: "none", Log: log})
	require.NoError(t, err, log.tail())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.tail())
		}
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		_ = p.Stop(stop) // the test may have stopped it
	})
	return p
}

// within is the test's context with the bound of a wait.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// admin is an AWS configuration of the sandbox's administrator, who is not the
// autopilot.
func admin(p *e2e.Process, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(p.AWSEndpoint),
		Credentials: credentials.NewStaticCredentialsProvider(p.AWSAccessKeyID, p.AWSSecretAccessKey, ""),
	}
}

// goal submits a goal and returns it and its change sets when all has ended.
func goal(ctx context.Context, t *testing.T, p *e2e.Process, spec aegis.GoalSpec) (aegis.Goal, []aegis.AutonomousChangeSet) {
	t.Helper()
	c := client.New(p.URL, p.Token)
	g, err := c.CreateGoal(ctx, spec)
	require.NoError(t, err)
	g, err = e2e.AwaitGoal(ctx, c, g.GoalID)
	require.NoError(t, err)
	var sets []aegis.AutonomousChangeSet
	for _, id := range g.ChangeSetIDs {
		cs, err := c.ChangeSet(ctx, id)
		require.NoError(t, err)
		sets = append(sets, cs)
	}
	return g, sets
}

// codes are the rules that denied a change set.
func codes(cs aegis.AutonomousChangeSet) []string {
	var out []string
	for _, d := range cs.Denials {
		out = append(out, d.Code)
	}
	return out
}

// env is the test's environment with others in place of the given variables.
func env(extra ...string) []string {
	names := map[string]bool{}
	for _, e := range extra {
		name, _, _ := strings.Cut(e, "=")
		names[name] = true
	}
	var out []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if !names[name] && !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "PULUMI_") {
			out = append(out, e)
		}
	}
	return append(out, extra...)
}

var errUnexpected = errors.New("unexpected")
