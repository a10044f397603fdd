package stacks_test

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
	"github.com/aegisworld/aegis/stacks"
)

// account is a sandbox account with a Pulumi backend of its own.
type account struct {
	*sandbox.Account
	env     map[string]string
	dir     string
	command auto.PulumiCommand
}

// newAccount starts an account that ends with the test.
func newAccount(t *testing.T, regions ...string) *account {
	t.Helper()
	tools, err := filepath.Abs("../.aegis/bin")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(tools, "pulumi-resource-aws"), "run `make setup` first")
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(tools)})
	require.NoError(t, err)
	a := &account{Account: sandboxtest.Start(t, regions...), dir: t.TempDir(), command: command}
	a.env = map[string]string{
		"PATH":                      tools + ":/usr/local/bin:/usr/bin:/bin",
		"HOME":                      a.dir,
		"PULUMI_HOME":               filepath.Join(a.dir, "pulumi"),
		"PULUMI_BACKEND_URL":        "file://" + a.dir,
		"PULUMI_CONFIG_PASSPHRASE":  "test",
		"PULUMI_SKIP_UPDATE_CHECK":  "true",
		"AWS_ENDPOINT_URL":          a.AWSEndpoint,
		"AWS_ACCESS_KEY_ID":         a.AutopilotAccessKeyID,
		"AWS_SECRET_ACCESS_KEY":     a.AutopilotSecretAccessKey,
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CA_BUNDLE":             "",
		"AEGIS_PLUGIN_CACHE":        filepath.Join(a.dir, "cache"),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
	return a
}

// stack is the Pulumi stack of a spec.
func (a *account) stack(t *testing.T, spec aegis.Spec) auto.Stack {
	t.Helper()
	program, err := stacks.Program(spec)
	require.NoError(t, err)
	stack, err := auto.UpsertStackInlineSource(t.Context(), stacks.StackID(spec), stacks.Project, program,
		auto.Pulumi(a.command), auto.EnvVars(maps.Clone(a.env)), auto.WorkDir(a.dir), auto.Project(workspace.Project{
			Name:    tokens.PackageName(stacks.Project),
			Runtime: workspace.NewProjectRuntimeInfo("go", nil),
		}))
	require.NoError(t, err)
	require.NoError(t, stack.SetConfig(t.Context(), "aegis:account_id", auto.ConfigValue{Value: sandbox.AccountID}))
	require.NoError(t, stack.SetConfig(t.Context(), "aegis:emulated", auto.ConfigValue{Value: "true"}))
	return stack
}

// admin is a client's configuration of the account's administrator.
func (a *account) admin(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &a.AWSEndpoint,
		Credentials: credentials.NewStaticCredentialsProvider(a.AdminAccessKeyID, a.AdminSecretAccessKey, ""),
	}
}
