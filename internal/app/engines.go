package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/cloud"
	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/postgres"
	"github.com/aegisworld/aegis/internal/telemetry"
	"github.com/aegisworld/aegis/internal/toolchain"
	"github.com/aegisworld/aegis/stacks"
)

// newEngines makes the engines. Without db, as before there is a control
// database, digests hold for this process only; metrics may be nil.
func newEngines(
	ctx context.Context, c Config, tools toolchain.Tools, account *cloud.Cloud, db *postgres.DB, metrics *telemetry.Metrics, log *slog.Logger,
) (*engine.Engines, error) {
	work, err := filepath.Abs(c.WorkDir)
	if err != nil {
		return nil, fmt.Errorf("find the work folder: %w", err)
	}
	key, err := digestKey(ctx, c, account, db)
	if err != nil {
		return nil, err
	}
	backend, err := c.backendURL()
	if err != nil {
		return nil, err
	}
	passwords := c.Database.PasswordFile
	if passwords != "" {
		if passwords, err = privateCopy(passwords, filepath.Join(work, "secrets")); err != nil {
			return nil, fmt.Errorf("database.password_file: %w", err)
		}
	}
	ec := engine.Config{
		PulumiCLI: tools.PulumiCLI, AWSPlugin: tools.AWSPlugin,
		TerraformProviderAWS: tools.TerraformProviderAWS, PluginCache: tools.PluginCache,
		Program:    stacks.Program,
		Upgrade:    stacks.Upgrade,
		BackendURL: backend, PGPassFile: passwords,
		SecretsProvider: c.Pulumi.SecretsProvider, PassphraseFile: c.Pulumi.PassphraseFile,
		TerraformCLI: tools.TerraformCLI, TerraformRC: tools.TerraformRC,
		WorkDir: work, AWSEndpoint: c.AWS.Endpoint, AccountID: c.AWS.AccountID,
		Credentials: account.Credentials, Find: account.Find, StateLock: account.StateLock, ReadState: account.ReadState,
		RemoteState: func(ctx context.Context, run aegis.StackRun) (engine.StateFiles, error) {
			return account.StateBucket(ctx, run)
		},
		DigestKey: key, MaxConcurrent: c.Engine.MaxConcurrent, ReadTimeout: c.Engine.ReadTimeout,
		CancelGrace: c.Engine.CancelGrace, Logger: log,
	}
	archives, snapshots, err := engineStores(c, account, db)
	if err != nil {
		return nil, err
	}
	if err := setTerraform(&ec, c.Terraform, archives, log); err != nil {
		return nil, err
	}
	if db != nil {
		ec.Snapshots = snapshots
		if c.stateInDatabase() {
			ec.States = db
		}
	}
	if metrics != nil {
		ec.Looked = func(run aegis.StackRun, path engine.LookPath) { metrics.CountLook(run.Stack.Kind, string(path)) }
	}
	if c.stateInAWS() {
		ec.BackendCredentials = account.BaseCredentials
	}
	engines, err := engine.New(ec)
	if err != nil {
		return nil, fmt.Errorf("set up engines: %w", err)
	}
	return engines, nil
}

func pluginEnv(tools toolchain.Tools) []string {
	if tools.AWSPluginOfficial {
		return nil
	}
	return []string{
		"AEGIS_TERRAFORM_PROVIDER_AWS=" + tools.TerraformProviderAWS,
		"AEGIS_PLUGIN_CACHE=" + tools.PluginCache,
	}
}

// observed reports every engine run to telemetry.
type observed struct {
	*engine.Engines

	watch *telemetry.Engine
}

func (o observed) Preview(ctx context.Context, run aegis.StackRun) (aegis.Plan, error) {
	return telemetry.Observe(ctx, o.watch, "preview", run, func(ctx context.Context) (aegis.Plan, error) {
		return o.Engines.Preview(ctx, run)
	})
}

func (o observed) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	return telemetry.Observe(ctx, o.watch, "refresh", run, func(ctx context.Context) (aegis.Observation, error) {
		return o.Engines.Refresh(ctx, run)
	})
}

func (o observed) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	return telemetry.Observe(ctx, o.watch, "apply", run, func(ctx context.Context) (aegis.ApplyResult, error) {
		return o.Engines.Apply(ctx, run, digest)
	})
}

func (o observed) Repair(ctx context.Context, run aegis.StackRun) ([]string, error) {
	return telemetry.Observe(ctx, o.watch, "repair", run, func(ctx context.Context) ([]string, error) {
		return o.Engines.Repair(ctx, run)
	})
}

// indexing keeps the index of resources in step with what the engines see.
type indexing struct {
	observed

	index *postgres.DB
	log   *slog.Logger
}

func (i indexing) Refresh(ctx context.Context, run aegis.StackRun) (aegis.Observation, error) {
	seen, err := i.observed.Refresh(ctx, run)
	if err == nil {
		i.save(ctx, run, seen.Resources)
	}
	return seen, err
}

func (i indexing) Apply(ctx context.Context, run aegis.StackRun, digest string) (aegis.ApplyResult, error) {
	res, err := i.observed.Apply(ctx, run, digest)
	if err == nil {
		i.save(ctx, run, res.Resources)
	}
	return res, err
}

// expecting tells engines of the rules of expected drift, and takes what these
// cover out of what is seen.
type expecting struct{ indexing }

func (e expecting) Preview(ctx context.Context, run aegis.StackRun) (plan aegis.Plan, err error) {
	if run.Expected, err = e.index.DriftRules(ctx, run.Stack.StackID); err != nil {
		return plan, err
	}
	return e.indexing.Preview(ctx, run)
}

func (e expecting) Refresh(ctx context.Context, run aegis.StackRun) (seen aegis.Observation, err error) {
	if run.Expected, err = e.index.DriftRules(ctx, run.Stack.StackID); err != nil {
		return seen, err
	}
	seen, err = e.indexing.Refresh(ctx, run)
	if err != nil {
		return seen, err
	}
	seen.StackID = run.Stack.StackID
	return seen.Expect(run.Expected), nil
}

func (e expecting) Apply(ctx context.Context, run aegis.StackRun, digest string) (res aegis.ApplyResult, err error) {
	if run.Expected, err = e.index.DriftRules(ctx, run.Stack.StackID); err != nil {
		return res, err
	}
	return e.indexing.Apply(ctx, run, digest)
}

// parameters finds what in a spec stands for attributes: the estate's programs
// know theirs, and Terraform configurations say it.
type parameters struct{ engines *engine.Engines }

func (p parameters) Adoption(
	ctx context.Context, stack aegis.Stack, spec aegis.Spec, changes []aegis.DriftChange,
) (json.RawMessage, []aegis.DriftChange, error) {
	if stack.Kind == aegis.TargetTerraformWorkspace {
		return p.engines.Adoption(ctx, aegis.StackRun{Stack: stack, Spec: spec}, changes)
	}
	return stacks.Adoption(spec, changes)
}

// save replaces the stack's part of the index. The next look does it again, so
// a failure is no more than logged.
func (i indexing) save(ctx context.Context, run aegis.StackRun, resources []aegis.IndexedResource) {
	if err := i.index.SaveResources(ctx, run.Stack.StackID, resources); err != nil {
		i.log.WarnContext(ctx, "resources not indexed", "stack_id", run.Stack.StackID, "error", err)
	}
}
