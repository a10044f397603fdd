package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslogs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
	"github.com/aegisworld/aegis/internal/toolchain"
)

// foreign is the program of somebody else's Pulumi project; the language host
// runs it as a process of its own, this test binary.
func foreign(ctx *pulumi.Context) error {
	for _, name := range []string{"a", "b"} {
		if _, err := awslogs.NewLogGroup(ctx, name, &awslogs.LogGroupArgs{
			Name: pulumi.String("/shop/" + name), RetentionInDays: pulumi.Int(config.New(ctx, "").RequireInt("retention")),
		}); err != nil {
			return err
		}
	}
	return nil
}

// adoptable is a stack that somebody made, and the log group in it.
type adoptable struct {
	id, group, variable string
	// adopt is the verb's arguments.
	adopt []string
}

// yard has folders that the autopilot's unprivileged user may read.
func yard(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aegis-adopt-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, mode)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// newWorkspace applies a directory of 40 resources by hand.
func newWorkspace(ctx context.Context, t *testing.T, p *e2e.Process, dir string) adoptable {
	t.Helper()
	copyFile(t, "testdata/forty/main.tf", filepath.Join(dir, "main.tf"), 0o644)
	tools, err := toolchain.Detect(ctx, toolchain.Options{Root: root(t), Env: os.Getenv})
	require.NoError(t, err)
	mirror := ""
	if tools.TerraformRC != "" {
		mirror = "export TF_CLI_CONFIG_FILE=" + tools.TerraformRC
	}
	shell(ctx, t, p, mirror+`
		cd `+dir+`
		`+tools.TerraformCLI+` init -input=false -no-color
		`+tools.TerraformCLI+` apply -input=false -no-color -auto-approve`)
	return adoptable{
		id: "forty", group: "/forty/n07", variable: "retention",
		adopt: []string{"terraform", dir, "--stack-id", "forty", "--region", "us-east-1", "--environment", "sandbox"},
	}
}

// newProject applies a Pulumi project by hand, with a state of its own.
func newProject(ctx context.Context, t *testing.T, p *e2e.Process, dir string) adoptable {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(yard(t), "program")
	copyFile(t, exe, program, 0o755)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	for name, text := range map[string]string{
		"Pulumi.yaml": "name: shop\nruntime: {name: go, options: {binary: " + program + "}}\nbackend: {url: \"file://" + filepath.Join(dir, "state") + "\"}\n",
		"passphrase":  "correct horse\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	shell(ctx, t, p, `unset PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE_FILE; export PULUMI_CONFIG_PASSPHRASE="correct horse"; cd `+dir+`
		pulumi stack init prod
		pulumi config set retention 7
		pulumi config set aws:region us-east-1
		pulumi up --yes --skip-preview --non-interactive`)
	return adoptable{
		id: "shop", group: "/shop/b", variable: "shop:retention",
		adopt: []string{
			"pulumi", dir, "--stack", "prod", "--passphrase-file", "passphrase", "--stack-id", "shop", "--region", "us-east-1", "--environment", "sandbox",
		},
	}
}

// retention is a log group's; 0 when it is gone.
func retention(ctx context.Context, t *testing.T, p *e2e.Process, group string) int32 {
	t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(admin(p, "us-east-1")).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
	require.NoError(t, err)
	for _, g := range out.LogGroups {
		if aws.ToString(g.LogGroupName) == group {
			return aws.ToInt32(g.RetentionInDays)
		}
	}
	return 0
}

// TestStacksOfOthersAreAdopted adopts what both engines made by hand, heals its
// drift, kills the process while it changes it, and tells one that is broken from
// the others.
func TestStacksOfOthersAreAdopted(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	p := start(t)
	dir := yard(t)
	for _, name := range []string{"forty", "shop", "broken"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	stacks := []adoptable{newWorkspace(ctx, t, p, filepath.Join(dir, "forty")), newProject(ctx, t, p, filepath.Join(dir, "shop"))}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken", "main.tf"), []byte(`provider "nothing" {}
terraform {
  required_providers { nothing = { source = "example.invalid/none/nothing" } }
}
`), 0o600))
	verb := func(args ...string) {
		cmd := exec.CommandContext(ctx, binary(), args...)
		cmd.Env = env("AEGIS_URL="+p.URL, "AEGIS_TOKEN="+p.Token)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	c := client.New(p.URL, p.Token)
	state := func(id string, want aegis.StackState, unwritten bool) (stack aegis.Stack) {
		require.NoError(t, e2e.Await(ctx, id+" to be "+string(want), func(ctx context.Context) (bool, error) {
			var err error
			stack, err = c.Stack(ctx, id)
			return stack.State == want && (unwritten || stack.LastReconciledAt != nil), err
		}))
		return stack
	}

	for _, s := range stacks {
		verb(append([]string{"adopt"}, s.adopt...)...)
	}
	verb("adopt", "terraform", filepath.Join(dir, "broken"), "--stack-id", "broken", "--region", "us-east-1", "--environment", "sandbox")
	broken := state("broken", aegis.StackUnknown, true)
	require.Nil(t, broken.LastReconciledAt)
	require.Contains(t, broken.Error, "nothing")
	require.Equal(t, 40, state("forty", aegis.StackClean, false).ResourceCount)
	require.Equal(t, 2, state("shop", aegis.StackClean, false).ResourceCount)

	// Observed, a change is told and left; managed, it is healed.
	logs := cloudwatchlogs.NewFromConfig(admin(p, "us-east-1"))
	for _, s := range stacks {
		_, err := logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &s.group, RetentionInDays: aws.Int32(3)})
		require.NoError(t, err)
	}
	for _, s := range stacks {
		report := openReport(ctx, t, c, s.id, "retention_in_days")
		require.Contains(t, report.Cause.Actor.Principal, "sandbox-admin")
		require.Equal(t, int32(3), retention(ctx, t, p, s.group), "an observed stack is not written")
	}
	for _, s := range stacks {
		verb("adopt", "promote", s.id)
	}
	for _, s := range stacks {
		state(s.id, aegis.StackClean, false)
		require.Equal(t, int32(7), retention(ctx, t, p, s.group))
	}

	// A process that dies while it applies leaves nothing behind.
	for _, s := range stacks {
		cs, err := c.SetStackVariables(ctx, s.id, client.VariableChange{MergePatch: map[string]any{s.variable: json.Number("14")}})
		require.NoError(t, err)
		require.NoError(t, e2e.Await(ctx, "the engine to apply "+s.id, func(ctx context.Context) (bool, error) {
			cs, err = c.ChangeSet(ctx, cs.ChangeSetID)
			require.False(t, cs.PromotionState.Terminal(), "it was over before it could be killed: %s", cs.Error)
			return applying(cs), err
		}))
		require.NoError(t, p.Kill())
		p, err = p.Restart(ctx)
		require.NoError(t, err)
		living := p
		t.Cleanup(func() {
			stop, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			_ = living.Stop(stop)
		})
		c = client.New(p.URL, p.Token)
		cs = ended(ctx, t, c, cs.ChangeSetID)
		require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
		require.Equal(t, int32(14), retention(ctx, t, p, s.group))
		state(s.id, aegis.StackClean, false)
	}
	require.Equal(t, aegis.StackUnknown, state("broken", aegis.StackUnknown, true).State)
}

func applying(cs aegis.AutonomousChangeSet) bool {
	for _, step := range cs.Progress {
		if step.Status == "applying" {
			return true
		}
	}
	return false
}
