package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/toolchain"
)

const helperEnv = "AEGIS_ENGINETEST_ORDER"

func TestMain(m *testing.M) {
	if os.Getenv("PULUMI_MONITOR") != "" {
		pulumi.Run(foreign) // a language host runs this binary as a program
		os.Exit(0)
	}
	if order := os.Getenv(helperEnv); order != "" {
		if err := obey(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// place is where a subject's files are, the same in the helper process.
type place struct {
	Dir      string `json:"dir"`
	Endpoint string `json:"endpoint"`
	Root     string `json:"root"`
	// Database has Pulumi's state.
	Database string `json:"database"`
	Order    Order  `json:"order"`
}

func (p place) config(ctx context.Context) (engine.Config, error) {
	tools, err := toolchain.Detect(ctx, toolchain.Options{Root: p.Root, Env: os.Getenv})
	if err != nil {
		return engine.Config{}, err
	}
	db, err := postgres.Open(ctx, p.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return engine.Config{}, err
	}
	backend, err := url.Parse(p.Database)
	if err != nil {
		return engine.Config{}, err
	}
	password, _ := backend.User.Password()
	pgpass := filepath.Join(p.Dir, "pgpass")
	if err := os.WriteFile(pgpass, []byte("*:*:*:*:"+password+"\n"), 0o600); err != nil {
		return engine.Config{}, err
	}
	backend.User = url.User(backend.User.Username())
	backend.RawQuery += "&table=pulumi_state"
	return engine.Config{
		PulumiCLI: tools.PulumiCLI, AWSPlugin: tools.AWSPlugin,
		TerraformProviderAWS: tools.TerraformProviderAWS, PluginCache: tools.PluginCache,
		Program: Program, BackendURL: backend.String(), PGPassFile: pgpass, States: db, Snapshots: db,
		PassphraseFile: filepath.Join(p.Dir, "passphrase"), WorkDir: filepath.Join(p.Dir, "work"),
		TerraformCLI: tools.TerraformCLI, TerraformRC: tools.TerraformRC,
		AWSEndpoint: p.Endpoint, AccountID: "123456789012", DigestKey: []byte("0123456789abcdef"),
		MaxConcurrent: 3, TerraformSources: &tfsource.Sources{Roots: []string{p.Dir}},
		Credentials: func(context.Context, aegis.StackRun) (aegis.Credentials, error) {
			return aegis.Credentials{
				AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret", SessionToken: "session",
				Expires: time.Now().Add(time.Hour),
			}, nil
		},
	}, nil
}

// prefix is what Pulumi puts before the keys of its state: the database's name.
func (p place) prefix(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(p.Database)
	require.NoError(t, err)
	return strings.TrimPrefix(u.Path, "/") + "/"
}

func newPlace(t *testing.T, cloud *Cloud) place {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	p := place{Dir: t.TempDir(), Endpoint: cloud.URL, Root: root, Database: pgtest.New(t)}
	require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "passphrase"), []byte("correct horse"), 0o600))
	return p
}

// obey is the helper process.
func obey(order string) error {
	var p place
	if err := json.Unmarshal([]byte(order), &p); err != nil {
		return err
	}
	cfg, err := p.config(context.Background())
	if err != nil {
		return err
	}
	e, err := engine.New(cfg)
	if err != nil {
		return err
	}
	_, err = e.Apply(context.Background(), p.Order.Run(), p.Order.Digest)
	return err
}

// helper re-executes this test binary.
func (p place) helper(t *testing.T, order Order) (kill func()) {
	t.Helper()
	p.Order = order
	text, err := json.Marshal(p)
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), helperEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	return func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
}

func TestPulumi(t *testing.T) {
	t.Parallel()
	cloud := StartCloud(t)
	p := newPlace(t, cloud)
	cfg, err := p.config(t.Context())
	require.NoError(t, err)
	Run(t, Subject{
		Config: cfg, Cloud: cloud,
		Stack: func(_ *testing.T, id string) aegis.Stack {
			return aegis.Stack{StackID: id, Kind: aegis.TargetPulumiStack, Region: Region}
		},
		Setting:  func(name string) string { return "aws_ssm_parameter::" + name },
		LogGroup: func(name string) string { return "aws_cloudwatch_log_group::" + name },
		Corrupt: func(t *testing.T, s aegis.Stack) {
			t.Helper()
			key := p.prefix(t) + ".pulumi/stacks/aegis/" + s.StackID + ".json.gz"
			data, err := cfg.States.ReadState(t.Context(), key)
			require.NoError(t, err)
			require.NoError(t, cfg.States.WriteState(t.Context(), key, data[:len(data)/2]))
		},
		Lock: func(t *testing.T, s aegis.Stack) {
			t.Helper()
			require.NoError(t, cfg.States.WriteState(t.Context(), p.prefix(t)+".pulumi/locks/organization/aegis/"+s.StackID+"/dead.json",
				[]byte(`{"pid":1,"username":"x","hostname":"y","timestamp":"2026-01-01T00:00:00Z"}`)))
		},
	}, p.helper)
}

func TestTerraform(t *testing.T) {
	t.Parallel()
	cloud := StartCloud(t)
	p := newPlace(t, cloud)
	cfg, err := p.config(t.Context())
	require.NoError(t, err)
	Run(t, Subject{
		Config: cfg, Cloud: cloud,
		Stack: func(t *testing.T, id string) aegis.Stack {
			t.Helper()
			dir := filepath.Join(p.Dir, strings.ReplaceAll(id, ".", "-"))
			require.NoError(t, os.Mkdir(dir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.tf"), []byte(Workspace), 0o600))
			return aegis.Stack{
				StackID: id, Kind: aegis.TargetTerraformWorkspace, Region: Region,
				Source: &aegis.WorkspaceSource{Path: dir},
			}
		},
		Setting:  func(name string) string { return `aws_ssm_parameter.setting["` + name + `"]` },
		LogGroup: func(name string) string { return `aws_cloudwatch_log_group.log["` + name + `"]` },
		Corrupt: func(t *testing.T, s aegis.Stack) {
			t.Helper()
			require.NoError(t, os.Truncate(filepath.Join(s.Source.Path, "terraform.tfstate"), 100))
		},
		Lock: func(t *testing.T, s aegis.Stack) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(s.Source.Path, ".terraform.tfstate.lock.info"), []byte(`{"ID":"dead"}`), 0o600))
		},
	}, p.helper)
}
