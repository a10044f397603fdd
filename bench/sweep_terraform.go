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
	"time"

	"github.com/hashicorp/hcl/v2/hclparse"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfplugin"
)

// sweepTerraform is a workspace of the stock CLI, which ours adopted.
type sweepTerraform struct {
	s   *sweeper
	dir string
	env []string
	run aegis.StackRun
}

const sweepProvider = `
region                      = %q
skip_metadata_api_check     = true
skip_region_validation      = true
`

// sweepWorkspace has, of ten resources, six that are one call to read, for the
// most part, and four that are two.
//
//nolint:gosec // no credentials
const sweepWorkspace = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
provider "aws" {
%s}
locals {
  name   = %q
  sgs    = %d
  rules  = %d
  topics = %d
  groups = %d
}
resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_security_group" "s" {
  count  = local.sgs
  name   = "${local.name}-${count.index}"
  vpc_id = aws_vpc.v.id
}
resource "aws_vpc_security_group_ingress_rule" "r" {
  count             = local.rules
  security_group_id = aws_security_group.s[count.index %% local.sgs].id
  ip_protocol       = "tcp"
  from_port         = 1000 + count.index
  to_port           = 1000 + count.index
  cidr_ipv4         = "10.0.0.0/8"
}
resource "aws_sns_topic" "t" {
  count = local.topics
  name  = "${local.name}-topic-${count.index}"
}
resource "aws_cloudwatch_log_group" "l" {
  count             = local.groups
  name              = "${local.name}-group-${count.index}"
  retention_in_days = 7
}
`

// newTerraform makes a workspace of n resources with the stock CLI.
func (s *sweeper) newTerraform(ctx context.Context, n int) (*sweepTerraform, error) {
	name := fmt.Sprintf("tf%d", n)
	t := &sweepTerraform{s: s, dir: filepath.Join(s.Dir, "workspaces", name)}
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a workspace: %w", err)
	}
	spec := mixed(name, n)
	text := fmt.Sprintf(sweepWorkspace, fmt.Sprintf(sweepProvider, s.Region), name, spec.SecurityGroups, spec.Rules, spec.Topics, spec.Groups)
	if err := os.WriteFile(filepath.Join(t.dir, "main.tf"), []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write a workspace: %w", err)
	}
	keys, err := s.Engine.Credentials(ctx, aegis.StackRun{})
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	t.env = []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.dir, "TMPDIR=" + t.dir, "CHECKPOINT_DISABLE=1",
		"TF_CLI_CONFIG_FILE=" + s.Engine.TerraformRC, "AWS_ENDPOINT_URL=" + s.Engine.AWSEndpoint, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
	}
	// The first refresh after a creation records what it turns null into.
	for _, args := range [][]string{{"init"}, {"apply", "-auto-approve"}, {"apply", "-auto-approve", "-refresh-only"}} {
		if err := t.terraform(ctx, args...); err != nil {
			return nil, err
		}
	}
	t.run = aegis.StackRun{Stack: aegis.Stack{
		StackID: name, Kind: aegis.TargetTerraformWorkspace, Region: s.Region, Environment: "bench",
		Source: &aegis.WorkspaceSource{Path: t.dir},
	}}
	return t, nil
}

func (t *sweepTerraform) stock(ctx context.Context) error {
	return t.terraform(ctx, "plan", "-refresh-only", "-lock=false")
}

func (t *sweepTerraform) terraform(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, t.s.Engine.TerraformCLI, append(args, "-input=false", "-no-color")...) //nolint:gosec // the configured CLI
	cmd.Dir, cmd.Env = t.dir, t.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("stock terraform %s: %w: %s", args[0], err, strings.TrimSpace(out.String()))
	}
	return nil
}

// floor is the median cost of reading the workspace's resources through a
// provider that is running and configured, and nothing else.
func (s *sweeper) floor(ctx context.Context, t *sweepTerraform, runs int) (effort, error) {
	resources, err := t.resources()
	if err != nil {
		return effort{}, err
	}
	provider, err := s.provider(ctx, t)
	if err != nil {
		return effort{}, err
	}
	defer provider.Close()
	var walls, cpus []time.Duration
	for i := range runs + 1 {
		cpu, start := cpuTime(s.others), time.Now()
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(8)
		for _, r := range resources {
			group.Go(func() error {
				_, err := provider.Read(ctx, r)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return effort{}, fmt.Errorf("read through the provider: %w", err)
		}
		if i > 0 {
			walls = append(walls, time.Since(start))
			cpus = append(cpus, cpuTime(s.others)-cpu)
		}
	}
	return effort{percentile(walls, 0.5), percentile(cpus, 0.5)}, nil
}

func (s *sweeper) provider(ctx context.Context, t *sweepTerraform) (*tfplugin.Provider, error) {
	provider, err := tfplugin.Start(tfplugin.Command{Path: s.Engine.TerraformProviderAWS, Dir: t.dir, Env: t.env})
	if err != nil {
		return nil, err
	}
	file, faults := hclparse.NewParser().ParseHCL(fmt.Appendf(nil, sweepProvider, s.Region), "provider.tf")
	if faults.HasErrors() {
		provider.Close()
		return nil, faults
	}
	schema, err := provider.Schema(ctx)
	if err == nil {
		var config []byte
		if config, err = schema.Decode(file.Body, nil); err == nil {
			err = provider.Configure(ctx, config, "1.11.4")
		}
	}
	if err != nil {
		provider.Close()
		return nil, fmt.Errorf("configure the provider: %w", err)
	}
	return provider, nil
}

// resources are those of the workspace's state.
func (t *sweepTerraform) resources() ([]tfplugin.Resource, error) {
	text, err := os.ReadFile(filepath.Join(t.dir, "terraform.tfstate"))
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	var state struct {
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				SchemaVersion int64           `json:"schema_version"`
				Attributes    json.RawMessage `json:"attributes"`
				Private       []byte          `json:"private"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("decode the state: %w", err)
	}
	var found []tfplugin.Resource
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			found = append(found, tfplugin.Resource{Type: r.Type, SchemaVersion: i.SchemaVersion, Attributes: i.Attributes, Private: i.Private})
		}
	}
	return found, nil
}
