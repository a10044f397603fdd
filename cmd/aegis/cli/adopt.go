package cli

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

// adoptPoll is how often a stack that is watched is read.
const adoptPoll = 500 * time.Millisecond

func (c *cli) adopt() *cobra.Command {
	return group("adopt", "Adopt what others made", c.adoptTerraform(), c.adoptPulumi(),
		c.adoptMode("promote", "Let an observed stack be changed", aegis.ModeManage),
		c.adoptMode("observe", "Only look at an adopted stack from now on", aegis.ModeObserve))
}

type adoptFlags struct {
	client.Adoption

	git, ref                string
	vars                    []string
	managed, archive, watch bool
}

func (c *cli) adoptTerraform() *cobra.Command {
	var a adoptFlags
	cmd := &cobra.Command{
		Use: "terraform DIR", Short: "Adopt a Terraform workspace", Args: oneArg("DIR"),
		Long: "Adopt a Terraform workspace: it is initialised and read, and its variables become its spec. At first it is\n" +
			"only observed: drift is reported, and nothing is written. `aegis adopt promote` or --managed lets it be\n" +
			"changed: planned, judged, applied and reconciled like the estate's own stacks.\n\n" +
			"DIR is sent as a path when the API is on this machine, else as an archive, whose state must be remote. With\n" +
			"--git, DIR is a folder of the repository. Credentials and sensitive variables stay where they are: the run's\n" +
			"session reaches the state, and variables files of the workspace are read in place.",
		Example: "  aegis adopt terraform ./dns --workspace prod --region us-east-1 --environment prod --watch\n" +
			"  aegis adopt terraform live/dns --git https://git.example.com/infra --ref v1.4.0 --region us-east-1",
		RunE: func(cmd *cobra.Command, args []string) error { return c.adoptFrom(cmd.Context(), args[0], a) },
	}
	f := cmd.Flags()
	a.place(f, "the name of DIR, with the workspace")
	f.StringVar(&a.Source.Workspace, "workspace", "", "Terraform workspace (default \"default\")")
	f.StringToStringVar(&a.Source.BackendConfig, "backend-config", nil, "settings of the backend, key=value")
	f.StringArrayVar(&a.Source.VarFiles, "var-file", nil, "variables file, relative to DIR; may be repeated")
	f.StringArrayVar(&a.vars, "var", nil, "NAME=VALUE, or NAME for the value of TF_VAR_NAME; may be repeated")
	a.source(f)
	return needed(cmd, "region")
}

// place adds the flags that say what an adopted stack is to the estate.
func (a *adoptFlags) place(f *pflag.FlagSet, idOf string) {
	f.StringVar(&a.StackID, "stack-id", "", "the id that the stack will have (default "+idOf+")")
	f.StringVar(&a.Region, "region", "", "the estate's region that it belongs to (needed)")
	f.StringVar(&a.Environment, "environment", "prod", "environment that it belongs to")
	f.StringVar(&a.Layer, "layer", "", "layer, for policies that look at it")
	f.StringVar(&a.Set, "set", "", "name of a set of adopted stacks that one change may change together, one first")
}

// source adds the flags that say how DIR gets to the server, and what is done then.
func (a *adoptFlags) source(f *pflag.FlagSet) {
	f.StringVar(&a.git, "git", "", "repository, https:// or ssh://, that DIR is a folder of")
	f.StringVar(&a.ref, "ref", "", "branch, tag or commit of the repository")
	f.BoolVar(&a.archive, "archive", false, "send DIR as an archive, even to this machine")
	f.BoolVar(&a.managed, "managed", false, "let it be changed from the start")
	f.BoolVar(&a.watch, "watch", false, "wait until it was looked at")
}

// needed makes flags that were left out wrong usage.
func needed(cmd *cobra.Command, names ...string) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range names {
			if !cmd.Flags().Changed(name) {
				return usage("--%s is needed: %s", name, cmd.Flags().Lookup(name).Usage)
			}
		}
		return run(cmd, args)
	}
	return cmd
}

func (c *cli) adoptFrom(ctx context.Context, dir string, a adoptFlags) error {
	if err := c.adoptVariables(&a); err != nil {
		return err
	}
	return c.adoptFolder(ctx, dir, a.Source.Workspace, a)
}

// adoptFolder adopts what is in DIR; name is that of the workspace or stack there.
func (c *cli) adoptFolder(ctx context.Context, dir, name string, a adoptFlags) error {
	if a.StackID == "" {
		a.StackID = stackIDOf(dir, name)
	}
	api := c.api() // which finds its address
	if err := a.locate(dir, onThisMachine(c.url)); err != nil {
		return err
	}
	return c.sendAdoption(ctx, api, a)
}

func (c *cli) sendAdoption(ctx context.Context, api *client.Client, a adoptFlags) error {
	if a.managed {
		a.Mode = aegis.ModeManage
	}
	s, err := api.AdoptStack(ctx, a.Adoption)
	if err != nil {
		return err
	}
	if a.watch {
		if s, err = c.watchAdoption(ctx, s); err != nil {
			return err
		}
	}
	return c.showStack(s)
}

// stackIDOf makes an id of a folder's name.
func stackIDOf(dir, workspace string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	name := filepath.Base(dir)
	if workspace != "" && workspace != "default" {
		name += "-" + workspace
	}
	return strings.Trim(regexp.MustCompile(`[^a-z0-9-]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// adoptVariables reads --var.
func (c *cli) adoptVariables(a *adoptFlags) error {
	for _, v := range a.vars {
		name, value, given := strings.Cut(v, "=")
		if !given {
			if value = c.getenv("TF_VAR_" + name); value == "" {
				return usage("--var %s: TF_VAR_%s is not set", name, name)
			}
		}
		if a.Source.Variables == nil {
			a.Source.Variables = map[string]string{}
		}
		a.Source.Variables[name] = value
	}
	return nil
}

// locate says where the files are.
func (a *adoptFlags) locate(dir string, here bool) error {
	if a.git != "" {
		if a.ref == "" {
			return usage("--ref is needed with --git: a branch, a tag or a commit")
		}
		a.Source.Git = &aegis.GitSource{URL: a.git, Ref: a.ref, Dir: strings.Trim(filepath.ToSlash(filepath.Clean(dir)), "/")}
		if a.Source.Git.Dir == "." {
			a.Source.Git.Dir = ""
		}
		return nil
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		_, err = os.ReadDir(abs)
	}
	if err != nil {
		return usage("DIR: %s", err)
	}
	if here && !a.archive {
		a.Source.Path = abs
		for i, name := range a.Source.VarFiles {
			if strings.HasPrefix(name, "..") {
				a.Source.VarFiles[i] = filepath.Join(abs, name)
			}
		}
		return nil
	}
	a.Source.Archive, err = packFolder(abs)
	return err
}

// onThisMachine says that an address is a loopback one.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// watchAdoption waits until the workspace was looked at, or can't be.
func (c *cli) watchAdoption(ctx context.Context, s aegis.Stack) (aegis.Stack, error) {
	tick := time.NewTicker(adoptPoll)
	defer tick.Stop()
	for {
		now, err := c.api().Stack(ctx, s.StackID)
		if err != nil {
			return s, err
		}
		if now.State != aegis.StackPending {
			return now, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, errors.Join(ctx.Err())
		}
	}
}

func (c *cli) adoptMode(verb, short string, mode aegis.StackMode) *cobra.Command {
	return &cobra.Command{
		Use: verb + " STACK_ID", Short: short, Args: oneArg("STACK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.api().SetStackMode(cmd.Context(), args[0], mode)
			if err != nil {
				return err
			}
			return c.showStack(s)
		},
	}
}

// sourceText is where a workspace comes from, in one line.
func sourceText(src *aegis.WorkspaceSource) string {
	if src == nil {
		return ""
	}
	text := src.Path
	switch {
	case src.Git != nil:
		text = strings.TrimSpace(src.Git.URL + " " + src.Git.Ref + " " + src.Git.Dir)
	case src.Archive != "":
		text = "archive " + src.Archive[:min(len(src.Archive), 12)]
	}
	switch {
	case src.Export != "":
		text = "state " + src.Export[:min(len(src.Export), 12)]
	case src.Stack != "":
		text += " (stack " + src.Stack + ")"
	case src.Workspace != "":
		text += " (workspace " + src.Workspace + ")"
	}
	return text
}
