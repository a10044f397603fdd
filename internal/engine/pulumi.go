package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// pulumiEngine runs fixed programs through Pulumi's Automation API. Each
// operation costs one start of the CLI: the workspace is written here, the
// stack is created only when the CLI says that it is missing, and what the
// Automation API asks after an update is answered from the engine's events.
type pulumiEngine struct {
	cfg       Config
	providers *providerPool
	secrets   *stateSecrets
	// stack is Pulumi's name of the stack; "" is its id.
	stack string
}

// name is what Pulumi calls the stack.
func (p *pulumiEngine) name(run aegis.StackRun) string { return nonEmpty(p.stack, run.Stack.StackID) }

// session is one operation's workspace, command and provider.
type session struct {
	run      aegis.StackRun
	stack    auto.Stack
	command  *pulumiCommand
	provider *provider
	dir      string
	pool     *providerPool
	healthy  bool
}

// open prepares a session. program is nil for operations that run none.
func (p *pulumiEngine) open(ctx context.Context, run aegis.StackRun, program pulumi.RunFunc) (*session, error) {
	if strings.Contains(run.Stack.StackID, "_") {
		// The Postgres backend takes "_" for a wildcard.
		return nil, aegis.Invalid("stack_id", fmt.Sprintf("%q contains an underscore", run.Stack.StackID))
	}
	dir, err := p.cfg.scratch("pulumi")
	if err != nil {
		return nil, err
	}
	s := &session{run: run, dir: dir, pool: p.providers}
	if s.provider, err = p.providers.checkout(ctx, run); err != nil {
		s.close()
		return nil, err
	}
	// An official plugin has one configuration, which the engine sets now.
	s.provider.dropReader()
	s.command = newPulumiCommand(p.cfg, s.provider.port)
	if program == nil {
		program = func(*pulumi.Context) error { return nil }
	}
	ws, err := auto.NewLocalWorkspace(ctx,
		auto.WorkDir(dir),
		auto.Pulumi(s.command),
		auto.Program(program),
		auto.SecretsProvider(p.cfg.SecretsProvider),
		auto.Project(workspace.Project{
			Name:    tokens.PackageName(p.cfg.Project),
			Runtime: workspace.NewProjectRuntimeInfo("go", nil),
		}),
		auto.Stacks(map[string]workspace.ProjectStack{run.Stack.StackID: {Config: p.providerConfig(run)}}),
	)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("write the Pulumi workspace: %w", err)
	}
	// A stack's value is its name and workspace; Select would start the CLI.
	s.stack, err = auto.NewStack(ctx, run.Stack.StackID, unselected{ws})
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open stack: %w", err)
	}
	return s, nil
}

// unselected is a workspace that takes the stack's existence for granted.
type unselected struct{ auto.Workspace }

// CreateStack does nothing.
func (unselected) CreateStack(context.Context, string) error { return nil }

// close removes the workspace and gives the provider back.
func (s *session) close() {
	if s.provider != nil {
		s.pool.checkin(s.provider, s.healthy)
	}
	_ = os.RemoveAll(s.dir)
}

// create makes the stack; another worker may have been first.
func (s *session) create(ctx context.Context) error {
	ws, ok := s.stack.Workspace().(unselected)
	if !ok {
		return errors.New("create stack: not a local workspace")
	}
	err := ws.Workspace.CreateStack(ctx, s.stack.Name())
	if err != nil && !auto.IsCreateStack409Error(err) {
		return s.failure(err, nil)
	}
	return nil
}

// orCreate calls f, and again after creating the stack when it was missing.
func (s *session) orCreate(ctx context.Context, f func() error) error {
	err := f()
	if err == nil || !strings.Contains(err.Error(), "no stack named") {
		return err
	}
	if err := s.create(ctx); err != nil {
		return err
	}
	return f()
}

// providerConfig configures the default AWS provider of programs.
func (p *pulumiEngine) providerConfig(run aegis.StackRun) config.Map {
	values := map[string]string{"region": run.Stack.Region, "skipMetadataApiCheck": "true"}
	if p.cfg.AccountID != "" {
		ids, _ := json.Marshal([]string{p.cfg.AccountID}) //nolint:errchkjson // strings
		values["allowedAccountIds"] = string(ids)
	}
	if p.cfg.AWSEndpoint != "" {
		values["s3UsePathStyle"] = "true"
	}
	m := config.Map{}
	if p.cfg.AccountID != "" {
		m[config.MustMakeKey(p.cfg.Project, "account_id")] = config.NewValue(p.cfg.AccountID)
	}
	if p.cfg.AWSEndpoint != "" {
		m[config.MustMakeKey(p.cfg.Project, "emulated")] = config.NewValue("true")
	}
	for k, v := range values {
		m[config.MustMakeKey("aws", k)] = config.NewValue(v)
	}
	return m
}

// program returns the spec's program, or an error that names the spec.
func (p *pulumiEngine) program(run aegis.StackRun) (pulumi.RunFunc, error) {
	f, err := p.cfg.Program(run.Spec)
	if err != nil {
		return nil, fmt.Errorf("program of layer %q: %w", run.Spec.Layer, err)
	}
	return leaving(f, run), nil
}

// scratch makes a new private folder under the work folder.
func (c Config) scratch(kind string) (string, error) {
	for _, sub := range []string{"home", "tmp", "pulumi"} {
		if err := os.MkdirAll(filepath.Join(c.WorkDir, sub), 0o700); err != nil {
			return "", fmt.Errorf("create scratch folder: %w", err)
		}
	}
	dir, err := os.MkdirTemp(filepath.Join(c.WorkDir, "tmp"), kind+"-")
	if err != nil {
		return "", fmt.Errorf("create scratch folder: %w", err)
	}
	return dir, nil
}
