package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/stacks"
)

// stock is the CLI as anybody runs it: a project with a prebuilt program, the
// plugin from its home, nothing kept between runs.
type stock struct {
	cfg   EngineConfig
	stack string
	dir   string
	env   []string
	// cache, when set, is what the plugin remembers things in.
	cache string
}

// newStock writes the project and creates the stack.
func newStock(ctx context.Context, c EngineConfig) (*stock, error) {
	spec, err := benchSpec("stock", c.Region)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aegis-bench-")
	if err != nil {
		return nil, fmt.Errorf("make the project: %w", err)
	}
	s := &stock{cfg: c, stack: stacks.StackID(spec), dir: dir}
	keys, err := c.Engine.Credentials(ctx, aegis.StackRun{Stack: aegis.Stack{Region: c.Region}, Policy: &aegis.ExecutionPolicy{}})
	if err != nil {
		s.close()
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	s.env = s.environment(keys)
	if err := s.project(spec); err != nil {
		s.close()
		return nil, err
	}
	if err := s.pulumi(ctx, "stack", "init", s.stack); err != nil {
		s.close()
		return nil, err
	}
	return s, s.up(ctx)
}

func (s *stock) close() { _ = os.RemoveAll(s.dir) }

func (s *stock) environment(keys aegis.Credentials) []string {
	c := s.cfg.Engine
	return []string{
		"PATH=" + filepath.Dir(s.cfg.LanguageHost) + ":/usr/local/bin:/usr/bin:/bin",
		"HOME=" + s.dir, "TMPDIR=" + s.dir,
		"PULUMI_HOME=" + s.cfg.PulumiHome, "PULUMI_BACKEND_URL=" + c.BackendURL,
		"PULUMI_CONFIG_PASSPHRASE_FILE=" + c.PassphraseFile, "PGPASSFILE=" + c.PGPassFile,
		"PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DIY_BACKEND_PARALLEL=1",
		"AWS_ENDPOINT_URL=" + c.AWSEndpoint, "AWS_REGION=" + s.cfg.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + keys.SessionToken,
		"AEGIS_TERRAFORM_PROVIDER_AWS=" + c.TerraformProviderAWS,
	}
}

func (s *stock) project(spec aegis.Spec) error {
	config := map[string]any{"aegis:spec": spec}
	if id := s.cfg.Engine.AccountID; id != "" {
		config["aegis:account_id"] = id
	}
	for name, v := range map[string]any{
		"Pulumi.yaml": map[string]any{
			"name":    stacks.Project,
			"runtime": map[string]any{"name": "go", "options": map[string]any{"binary": s.cfg.Program}},
		},
		"Pulumi." + s.stack + ".yaml": map[string]any{"config": config},
	} {
		text, err := json.Marshal(v) // JSON is YAML
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dir, name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write the project: %w", err)
		}
	}
	return nil
}

func (s *stock) preview(ctx context.Context) error { return s.pulumi(ctx, "preview") }

func (s *stock) up(ctx context.Context) error { return s.pulumi(ctx, "up", "--yes") }

func (s *stock) refresh(ctx context.Context) error { return s.pulumi(ctx, "refresh", "--preview-only") }

// pulumi runs the CLI with a plugin that remembers nothing, unless there is a
// cache.
func (s *stock) pulumi(ctx context.Context, args ...string) error {
	cache := s.cache
	if cache == "" {
		var err error
		if cache, err = os.MkdirTemp(s.dir, "cache-"); err != nil {
			return err
		}
	}
	args = append(args, "--stack", s.stack, "--non-interactive")
	if args[0] == "stack" {
		args = append(args[:2], s.stack, "--non-interactive")
	}
	cmd := exec.CommandContext(ctx, s.cfg.Engine.PulumiCLI, args...) //nolint:gosec // the configured CLI
	cmd.Dir = s.dir
	cmd.Env = append(append([]string{}, s.env...), "AEGIS_PLUGIN_CACHE="+cache)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("stock pulumi %s: %w: %s", args[0], err, strings.TrimSpace(out.String()))
	}
	return nil
}
