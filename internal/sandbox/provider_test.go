package sandbox_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox"
)

// workspace is a Terraform workspace in the account, with the real provider.
type workspace struct {
	dir string
	env []string
}

func newWorkspace(t *testing.T, account *sandbox.Account, configuration string) *workspace {
	t.Helper()
	rc, err := filepath.Abs("../../.aegis/terraform.rc")
	require.NoError(t, err)
	require.FileExists(t, rc, "run `make setup` first")
	w := &workspace{dir: t.TempDir()}
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TF_CLI_CONFIG_FILE=" + rc, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"AWS_ENDPOINT_URL=" + account.AWSEndpoint, "AWS_ACCESS_KEY_ID=" + account.AdminAccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + account.AdminSecretAccessKey, "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=us-east-1",
	}
	w.write(t, configuration)
	w.run(t, "init", "-input=false", "-no-color")
	return w
}

// write makes this the workspace's configuration.
func (w *workspace) write(t *testing.T, configuration string) {
	t.Helper()
	const head = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
provider "aws" {
  s3_use_path_style = true
  max_retries       = 2
}
`
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(head+configuration), 0o600))
}

// run runs a Terraform command and returns its exit code.
func (w *workspace) run(t *testing.T, args ...string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "terraform", args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	exit := new(exec.ExitError)
	if errors.As(err, &exit) && exit.ExitCode() == 2 && strings.HasPrefix(args[0], "plan") {
		t.Logf("terraform %v: %s", args, out)
		return 2
	}
	require.NoError(t, err, "terraform %v: %s", args, out)
	return 0
}

// settle applies and expects the plan after to be empty.
func (w *workspace) settle(t *testing.T, configuration string) {
	t.Helper()
	w.write(t, configuration)
	w.run(t, "apply", "-auto-approve", "-input=false", "-no-color")
	require.Zero(t, w.run(t, "plan", "-detailed-exitcode", "-input=false", "-no-color"), "a clean plan after apply")
}

func (w *workspace) destroy(t *testing.T) {
	t.Helper()
	w.run(t, "destroy", "-auto-approve", "-input=false", "-no-color")
}
