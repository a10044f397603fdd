package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/front"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// SandboxOptions are the flags of `aegis sandbox`.
type SandboxOptions struct {
	DataDir string
	// Addr is host:port; port 0 picks a free one.
	Addr string
	// Estate is one of stacks.Sizes, or "none".
	Estate string
	// ReadyFile gets the JSON of readiness; "" writes it to Stdout.
	ReadyFile string
	// PolicySources are URLs that policy bundles are fetched from, PolicyKeys
	// files of public keys by key id, beside the sandbox's own.
	PolicySources []string
	PolicyKeys    map[string]string
	// ModelsFile is a configuration of which only models counts, ToolsFile one of which
	// only tools does; "" is none.
	ModelsFile     string
	ToolsFile      string
	Stdout, Stderr io.Writer
}

// urlFile tells `aegis sandbox env` where the API of a data folder listens.
const urlFile = "api.url"

// readiness is what the sandbox tells when it serves.
type readiness struct {
	URL                string   `json:"url"`
	Token              string   `json:"token"`
	DatabaseURL        string   `json:"database_url"`
	AWSEndpoint        string   `json:"aws_endpoint"`
	AWSAccessKeyID     string   `json:"aws_access_key_id"`
	AWSSecretAccessKey string   `json:"aws_secret_access_key"`
	Regions            []string `json:"regions"`
}

// Sandbox runs everything on this machine until ctx ends, then stops
// everything; the data folder continues later. A second one on the same data
// folder is another worker on the same account and database: the last to end
// stops them.
func Sandbox(ctx context.Context, o SandboxOptions) (err error) {
	log := newLogger(o.Stderr)
	if err := os.Remove(o.ReadyFile); o.ReadyFile != "" && err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the old ready file: %w", err)
	}
	tools, err := completeTools(ctx, toolOptions())
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another --addr; port 0 picks a free one)", o.Addr, err)
	}
	account, err := startAccount(ctx, dir, tools, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, account.Leave(stop))
	}()
	if err := ensureSigningKey(account.DataDir); err != nil {
		return errors.Join(err, listener.Close())
	}
	c := sandboxConfig(o, dir, listener.Addr().String(), account)
	if c.Events.Queues, err = account.EventQueues(ctx); err != nil {
		return errors.Join(fmt.Errorf("make event queues: %w", err), listener.Close())
	}
	if err := c.complete(o); err != nil {
		return errors.Join(err, listener.Close())
	}
	p, err := newControl(ctx, c, tools, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer p.close()
	return p.sandbox(ctx, o, account, listener)
}

// complete takes the models and the tools that agents of a sandbox are given from their
// files, and checks the whole.
func (c *Config) complete(o SandboxOptions) error {
	for _, from := range []struct {
		file string
		take func(Config)
	}{
		{o.ModelsFile, func(read Config) { c.Models = read.Models }},
		{o.ToolsFile, func(read Config) { c.Tools = read.Tools }},
	} {
		if from.file == "" {
			continue
		}
		read, err := LoadConfig(from.file, func(string) string { return "" })
		if err != nil {
			return err
		}
		from.take(read)
	}
	if err := c.Validate(); err != nil {
		return err
	}
	return c.afford()
}

func startAccount(ctx context.Context, dir string, tools toolchain.Tools, log *slog.Logger) (*sandbox.Account, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find our own binary: %w", err)
	}
	account, err := sandbox.Start(ctx, sandbox.Options{
		DataDir: dir, PostgresBin: tools.PostgresBin, Moto: tools.Moto, Executable: executable, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("start the local account: %w", err)
	}
	log.InfoContext(ctx, "account runs", "continuity", account.Continuity, "reason", account.ContinuityReason,
		"replayed_calls", account.ReplayedCalls)
	return account, nil
}

func sandboxConfig(o SandboxOptions, dir, addr string, account *sandbox.Account) Config {
	c := DefaultConfig()
	c.Addr, c.Environment, c.Regions = addr, "sandbox", account.Regions
	c.Estate = EstateConfig{Size: o.Estate, Converge: true}
	c.Database = DatabaseConfig{URL: account.DatabaseURL, PasswordFile: account.DatabasePasswordFile}
	c.AWS = AWSConfig{
		AccountID: account.AccountID, Endpoint: account.AWSEndpoint,
		accessKeyID: account.AutopilotAccessKeyID, secretAccessKey: account.AutopilotSecretAccessKey,
	}
	c.Pulumi.PassphraseFile = account.PulumiPassphraseFile
	c.Policy.Keys = sandboxKeys(account.DataDir)
	for _, id := range slices.Sorted(maps.Keys(o.PolicyKeys)) {
		c.Policy.Keys = append(c.Policy.Keys, PolicyKey{ID: id, File: o.PolicyKeys[id]})
	}
	for _, source := range o.PolicySources {
		c.Policy.Sources = append(c.Policy.Sources, PolicySource{URL: source, Interval: time.Second})
	}
	c.Egress.Allow = []string{"127.0.0.0/8", "::1", "localhost"} // as for `aegis webhook listen`
	c.WorkDir = filepath.Join(dir, "work")
	c.Terraform = TerraformConfig{Roots: []string{"/"}, localGit: true}
	c.sandboxDir = account.DataDir
	c.Engine.ReadTimeout = 2 * time.Minute
	// There is no production to keep calls for.
	c.Reads = ReadsConfig{PerSecond: 500, Burst: 1000, LooksPerMinute: 2400, LooksAtOnce: 64}
	return c
}

// sandbox serves, says so, and keeps the account alive.
func (p *control) sandbox(ctx context.Context, o SandboxOptions, account *sandbox.Account, listener net.Listener) error {
	token, err := tokenFile(filepath.Join(account.DataDir, "admin.token"))
	if err != nil {
		return err
	}
	if err := p.ensureToken(ctx, "admin", token); err != nil {
		return err
	}
	database, err := account.DatabaseURLWithPassword()
	if err != nil {
		return err
	}
	if err := p.resume(ctx, account); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.run(ctx, listener) })
	group.Go(func() error {
		if err := account.Hold(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("hold the local account: %w", err)
		}
		return nil
	})
	url := "http://" + listener.Addr().String()
	if err := writePrivate(filepath.Join(account.DataDir, urlFile), []byte(url)); err != nil {
		return fmt.Errorf("write the API's address: %w", err)
	}
	err = announce(o, readiness{
		URL: url, Token: token, DatabaseURL: database, AWSEndpoint: account.AWSEndpoint,
		AWSAccessKeyID: account.AdminAccessKeyID, AWSSecretAccessKey: account.AdminSecretAccessKey, Regions: account.Regions,
	})
	if err != nil {
		return err
	}
	return group.Wait()
}

// resume, where the account is not what it was, has every stack compared with
// it, so that what is gone is created again.
func (p *control) resume(ctx context.Context, account *sandbox.Account) error {
	if account.Continuity != front.Diverged {
		return nil
	}
	p.log.WarnContext(ctx, "the local account is not as it was: the estate is created again", "reason", account.ContinuityReason)
	stacks, _, err := p.db.Stacks(ctx, aegis.Page{Limit: 500})
	if err != nil {
		return fmt.Errorf("list stacks to create again: %w", err)
	}
	for _, stack := range stacks {
		if err := p.db.EnqueueReconcile(ctx, stack.StackID); err != nil {
			return fmt.Errorf("have stack %s created again: %w", stack.StackID, err)
		}
	}
	return nil
}

func announce(o SandboxOptions, r readiness) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode readiness: %w", err)
	}
	b = append(b, '\n')
	if o.ReadyFile == "" {
		_, err = o.Stdout.Write(b)
	} else {
		err = writePrivate(o.ReadyFile, b)
	}
	if err != nil {
		return fmt.Errorf("write readiness: %w", err)
	}
	return nil
}

// Supervise is the main of the local account's own process. The data folder
// remembers which programs it runs.
func Supervise(ctx context.Context, dataDir string) error {
	return sandbox.Supervise(ctx, sandbox.Options{DataDir: dataDir, Logger: newLogger(os.Stderr)})
}
