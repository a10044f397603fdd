package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// Faults is the running sandbox's table of injected faults.
func Faults(ctx context.Context, dataDir string) (sandbox.Faults, error) {
	account, err := sandbox.Attach(ctx, dataDir)
	if err != nil {
		return sandbox.Faults{}, err
	}
	return account.Faults(), nil
}

// SandboxStop stops the account of a data folder and all that belongs to it.
func SandboxStop(ctx context.Context, dataDir string) error {
	account, err := sandbox.Attach(ctx, dataDir)
	if err != nil {
		return err
	}
	return account.Stop(ctx)
}

// SandboxEnv returns the variables, "NAME=value", with which `pulumi` and any
// AWS client reach the sandbox as its autopilot does.
func SandboxEnv(ctx context.Context, dataDir string) ([]string, error) {
	account, err := sandbox.Attach(ctx, dataDir)
	if err != nil {
		return nil, err
	}
	tools, err := toolchain.Detect(ctx, toolOptions())
	if err != nil {
		return nil, fmt.Errorf("look for tools: %w", err)
	}
	c := sandboxConfig(SandboxOptions{Estate: "none"}, account.DataDir, "127.0.0.1:0", account)
	backend, err := c.backendURL()
	if err != nil {
		return nil, err
	}
	token, err := tokenFile(filepath.Join(account.DataDir, "admin.token"))
	if err != nil {
		return nil, err
	}
	url, err := os.ReadFile(filepath.Join(account.DataDir, urlFile))
	if err != nil {
		return nil, fmt.Errorf("read the API's address: %w", err)
	}
	env := []string{
		"AEGIS_URL=" + string(url),
		"AEGIS_TOKEN=" + token,
		"AEGIS_POLICY_SIGNING_KEY=" + filepath.Join(account.DataDir, signingKeyFile),
		"AWS_ENDPOINT_URL=" + account.AWSEndpoint,
		"AWS_ACCESS_KEY_ID=" + account.AutopilotAccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + account.AutopilotSecretAccessKey,
		"AWS_REGION=" + account.Regions[0],
		"PULUMI_HOME=" + tools.PulumiHome,
		"PULUMI_BACKEND_URL=" + backend,
		"PGPASSFILE=" + account.DatabasePasswordFile,
		"PULUMI_CONFIG_PASSPHRASE_FILE=" + account.PulumiPassphraseFile,
		"PULUMI_DIY_BACKEND_PARALLEL=1",
		// More stack references at once can wait for each other's connections.
		"PULUMI_PARALLEL=" + strconv.Itoa(runtime.GOMAXPROCS(0)),
		"PULUMI_DIY_BACKEND_GZIP=true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PATH=" + filepath.Dir(tools.PulumiCLI) + ":" + filepath.Dir(tools.LanguageHost) + ":$PATH",
	}
	return append(env, pluginEnv(tools)...), nil
}
