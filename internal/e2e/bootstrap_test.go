package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
	"github.com/aegisworld/aegis/internal/e2e"
)

// shell runs a script in the checkout as the README has its readers do it: with
// the variables of `aegis sandbox env`.
func shell(ctx context.Context, t *testing.T, p *e2e.Process, script string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, "bash", "-euc", `eval "$(bin/aegis sandbox env --data-dir "$DATA_DIR")"; `+script)
	cmd.Dir, cmd.Env = root(t), env("DATA_DIR="+p.DataDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// saysAll holds that an output has the texts; a failure shows its end alone.
func saysAll(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			require.Failf(t, "nothing says "+text, "…%s", out[max(0, len(out)-4000):])
		}
	}
}

// writtenByVersion1 makes the stack's first spec one that code of version 1 wrote.
func writtenByVersion1(ctx context.Context, t *testing.T, p *e2e.Process, stack string) {
	t.Helper()
	db, err := pgx.Connect(ctx, p.DatabaseURL)
	require.NoError(t, err)
	defer func() { _ = db.Close(ctx) }()
	done, err := db.Exec(ctx, `
		UPDATE spec_revisions
		SET spec = jsonb_set(jsonb_set(spec::jsonb, '{version}', '1'), '{parameters,ingress_rules}', (
			SELECT jsonb_agg(rule.value || jsonb_build_object('name', rule.key))
			FROM jsonb_each(spec::jsonb #> '{parameters,ingress_rules}') rule))
		WHERE stack_id = $1`, stack)
	require.NoError(t, err)
	require.EqualValues(t, 1, done.RowsAffected())
}

// TestPulumiUp makes a stack by hand, has the autopilot manage it, and stops
// and continues the sandbox in between.
func TestPulumiUp(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	const stack = "sandbox.network.eu-west-1"
	p := start(t)
	shell(ctx, t, p, "pulumi stack select --create "+stack+" && pulumi up --yes --skip-preview")
	t.Cleanup(func() { _ = os.Remove(filepath.Join(root(t), "Pulumi."+stack+".yaml")) })

	c := client.New(p.URL, p.Token)
	clean := func(ctx context.Context) (bool, error) {
		s, err := c.Stack(ctx, stack)
		if err != nil {
			return false, nil //nolint:nilerr // it is not taken in yet
		}
		return s.State == aegis.StackClean && s.Revision > 0, nil
	}
	require.NoError(t, e2e.Await(ctx, "the stack to be taken in", clean))

	writtenByVersion1(ctx, t, p, stack)
	stopped, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	require.NoError(t, p.Stop(stopped))
	p, err := p.Restart(ctx)
	require.NoError(t, err)
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		_ = p.Stop(stop)
	})
	c = client.New(p.URL, p.Token)
	s, err := c.Stack(ctx, stack)
	require.NoError(t, err)
	seen := s.LastReconciledAt
	_, err = c.ReconcileStack(ctx, stack)
	require.NoError(t, err)
	require.NoError(t, e2e.Await(ctx, "the stack to be looked at", func(ctx context.Context) (bool, error) {
		s, err := c.Stack(ctx, stack)
		return err == nil && s.LastReconciledAt.After(*seen), err
	}))
	s, err = c.Stack(ctx, stack)
	require.NoError(t, err)
	require.Equal(t, aegis.StackClean, s.State, "the account continues where it was: %s", s.Error)

	g, _ := goal(ctx, t, p, aegis.GoalSpec{Intent: "open port 8443 to 10.1.0.0/16 in eu-west-1"})
	require.Equal(t, aegis.GoalSucceeded, g.State, g.Error)
	out, err := ec2.NewFromConfig(admin(p, "eu-west-1")).DescribeSecurityGroupRules(ctx, nil)
	require.NoError(t, err)
	var open bool
	for _, rule := range out.SecurityGroupRules {
		open = open || aws.ToInt32(rule.FromPort) == 8443 && aws.ToString(rule.CidrIpv4) == "10.1.0.0/16"
	}
	require.True(t, open, "the autopilot changes the very stack that pulumi up made")
	s, err = c.Stack(ctx, stack)
	require.NoError(t, err)
	require.Equal(t, aegis.SpecVersion, s.Spec.Version)
	require.Contains(t, string(s.Spec.Parameters), `"https"`, "what version 1 had stays")
	destroyed(ctx, t, p, stack)
}

// destroyed holds that a stack stays until its parameters let it go, and that
// nothing of it is left then.
func destroyed(ctx context.Context, t *testing.T, p *e2e.Process, stack string) {
	t.Helper()
	c := client.New(p.URL, p.Token)
	cs, err := c.DestroyStack(ctx, stack)
	require.NoError(t, err)
	cs = ended(ctx, t, c, cs.ChangeSetID)
	require.Equal(t, aegis.StateDenied, cs.PromotionState)
	require.Contains(t, cs.Error, "stack_destroy")

	cs, err = c.SetStackVariables(ctx, stack, client.VariableChange{MergePatch: map[string]any{"deletable": true}})
	require.NoError(t, err)
	cs = ended(ctx, t, c, cs.ChangeSetID)
	require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
	cs, err = c.DestroyStack(ctx, stack)
	require.NoError(t, err)
	cs = ended(ctx, t, c, cs.ChangeSetID)
	require.Equal(t, aegis.StatePromoted, cs.PromotionState, cs.Error)
	s, err := c.Stack(ctx, stack)
	require.NoError(t, err)
	require.Equal(t, aegis.StackPending, s.State)
	require.Zero(t, s.ResourceCount)
	vpcs, err := ec2.NewFromConfig(admin(p, s.Region)).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{
		Filters: []types.Filter{{Name: aws.String("tag:aegis:stack"), Values: []string{stack}}},
	})
	require.NoError(t, err)
	require.Empty(t, vpcs.Vpcs)
}

// TestBootstrap makes an estate before there is an autopilot, in a file, then
// moves it to the control database. A region is gone, a quota is exhausted, calls are
// throttled: they stop what they hit. The first run is killed, the second goes on
// where it can, past what that left half-written; once all is well the third finishes,
// and the last has nothing to do. The autopilot then takes the estate in, and destroys all of it.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	p := start(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "aegis.yaml")
	write := func(database string) {
		text := "environment: sandbox\nwork_dir: " + filepath.Join(dir, "work") + "\n" + database + deletableLayers +
			"pulumi:\n  passphrase_file: " + filepath.Join(p.DataDir(), "sandbox", "pulumi-passphrase") +
			"\n  bootstrap_url: file://" + dir + "\n"
		require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	}
	const endpoint = `AEGIS_AWS_ENDPOINT="$AWS_ENDPOINT_URL" `
	bootstrap := `bin/aegis bootstrap --config ` + config + ` 2>&1`

	write("")
	hurt(ctx, t, p)
	out := shell(ctx, t, p, endpoint+`timeout -s KILL 20 `+bootstrap+` || true`)
	saysAll(t, out, "sandbox.security.us-east-1")
	tear(t, dir)
	out = shell(ctx, t, p, endpoint+bootstrap+` && exit 1 || true`)
	saysAll(
		t, out, "bootstrap sandbox.edge.eu-west-1: ", "AddressLimitExceeded",
		"bootstrap sandbox.security.ap-southeast-1: region ap-southeast-1 does not answer",
		"bootstrap sandbox.data.ap-southeast-1: waits for sandbox.security.ap-southeast-1",
		"9 of 15 stacks are made; run it again for the others",
	)
	for _, id := range []string{"sandbox.data.us-east-1", "sandbox.runtime.us-east-1", "sandbox.edge.us-east-1", "sandbox.data.eu-west-1", "sandbox.network.eu-west-1"} {
		require.Regexp(t, regexp.QuoteMeta(id)+"  (created|exists), ", out)
	}

	require.NoError(t, p.Fault(ctx, "clear"))
	out = shell(ctx, t, p, endpoint+bootstrap)
	saysAll(t, out, "[15/15]", "sandbox.runtime.ap-southeast-1  created, ", "set database.url")

	write("database:\n  url: " + p.DatabaseURL + "\n")
	out = shell(ctx, t, p, endpoint+bootstrap)
	require.Equal(t, 15, strings.Count(out, "moved to the control database"), out)
	out = shell(ctx, t, p, endpoint+bootstrap)
	require.Equal(t, 15, strings.Count(out, "is in the control database already"), out)
	leavesNothing(within(t), t, p)
}

// tear empties attributes of state files, as a Pulumi leaves them that is killed while
// it writes them: of the backend as a whole, and of each stack that is there.
func tear(t *testing.T, backend string) {
	t.Helper()
	torn, err := filepath.Glob(filepath.Join(backend, ".pulumi", "stacks", "aegis", "*.json.gz.attrs"))
	require.NoError(t, err)
	require.NotEmpty(t, torn)
	for _, name := range append(torn, filepath.Join(backend, ".pulumi", "meta.yaml.attrs")) {
		require.NoError(t, os.Truncate(name, 0))
	}
}

// hurt takes a region away, exhausts a quota in another, and throttles in the third.
func hurt(ctx context.Context, t *testing.T, p *e2e.Process) {
	t.Helper()
	require.NoError(t, p.Fault(ctx, "set", "--region", "ap-southeast-1", "--unreachable"))
	require.NoError(t, p.Fault(ctx, "set", "--region", "eu-west-1", "--service", "ec2", "--action", "AllocateAddress",
		"--error-rate", "1", "--error-code", "AddressLimitExceeded", "--error-status", "400"))
	require.NoError(t, p.Fault(ctx, "set", "--region", "us-east-1", "--service", "kinesis", "--error-rate", "0.2",
		"--error-code", "LimitExceededException", "--error-status", "400"))
}

// TestRealAccountsMustBeNamed holds the line that keeps everyone's accounts
// safe.
func TestRealAccountsMustBeNamed(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"serve", "bootstrap"} {
		cmd := exec.CommandContext(t.Context(), binary(), verb)
		cmd.Env = env("AEGIS_DATABASE_URL=postgres://127.0.0.1:1/none")
		out, err := cmd.CombinedOutput()
		require.Error(t, err, verb)
		require.Contains(t, string(out), "aws.account_id", verb)
	}
}
