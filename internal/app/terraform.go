package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/aegisworld/aegis/internal/engine"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
)

// TerraformConfig is for adopted Terraform workspaces and Pulumi projects, whose
// providers, modules and programs are code.
type TerraformConfig struct {
	// Roots are the folders of this machine below which workspaces, projects and
	// their local states may be; none allows git and archives only.
	Roots []string `yaml:"roots"`
	// User is whom Terraform runs as when this process is root: a name, or
	// uid:gid. Empty is the user aegis-terraform, or an id that nobody has.
	User string `yaml:"user"`
	// WorkDir is where Terraform runs; User must be able to reach it.
	WorkDir string `yaml:"work_dir"`

	// localGit lets repositories be folders of this machine.
	localGit bool
}

// terraformUserName is the user that is looked for, and terraformID the user and
// group id that is taken where there is none. No distribution gives it to anybody.
const (
	terraformUserName = "aegis-terraform"
	terraformID       = 64_646
)

func (t TerraformConfig) check(bad func(format string, args ...any)) {
	for i, root := range t.Roots {
		if !filepath.IsAbs(root) {
			bad("terraform.roots[%d]: %q is no absolute path", i, root)
		}
	}
	if t.WorkDir != "" && !filepath.IsAbs(t.WorkDir) {
		bad("terraform.work_dir: %q is no absolute path", t.WorkDir)
	}
	if _, err := t.credential(); err != nil {
		bad("terraform.user: %s", err)
	}
}

// credential is whom Terraform runs as; nil is this process's user.
func (t TerraformConfig) credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no change of user is a valid answer
	}
	name := t.User
	if name == "" {
		name = terraformUserName
		if _, err := user.Lookup(name); err != nil {
			name = fmt.Sprintf("%d:%d", terraformID, terraformID)
		}
	}
	uid, gid, numeric := strings.Cut(name, ":")
	if !numeric {
		found, err := user.Lookup(name)
		if err != nil {
			return nil, fmt.Errorf("there is no user %q", name)
		}
		uid, gid = found.Uid, found.Gid
	}
	u, uerr := strconv.ParseUint(uid, 10, 32)
	g, gerr := strconv.ParseUint(gid, 10, 32)
	if err := errors.Join(uerr, gerr); err != nil {
		return nil, fmt.Errorf("%q is neither a user nor uid:gid", name)
	}
	if u == 0 || g == 0 {
		return nil, errors.New("must not be root")
	}
	return &syscall.Credential{Uid: uint32(u), Gid: uint32(g)}, nil
}

// terraformUser says whom Terraform runs as, for people; warning is what to do
// about it, if anything.
func terraformUser(c *syscall.Credential) (who, warning string) {
	if c == nil {
		return "this process's user", "code of adopted workspaces can read what this process can: run it as root, which gives Terraform a user of its own, " +
			"or adopt only workspaces that you trust"
	}
	return fmt.Sprintf("uid %d", c.Uid), ""
}

// setTerraform completes the engines' configuration.
func setTerraform(ec *engine.Config, c TerraformConfig, archives engine.ArchiveStore, log *slog.Logger) error {
	credential, err := c.credential()
	if err != nil {
		return fmt.Errorf("find the user for Terraform: %w", err)
	}
	sources := &tfsource.Sources{Roots: c.Roots, LocalGit: c.localGit, Credential: credential}
	if archives != nil {
		sources.Archives = engine.SealedArchives(ec.DigestKey, archives)
	}
	ec.TerraformSources, ec.TerraformUser, ec.TerraformDir = sources, credential, c.WorkDir
	projects := *sources
	projects.Programs, projects.Limits = true, tfsource.ProjectLimits()
	ec.ProjectSources = &projects
	if archives != nil {
		ec.Exports = engine.SealedArchives(ec.DigestKey, archives)
	}
	if who, warning := terraformUser(credential); warning != "" {
		log.Warn("terraform has no user of its own", "user", who, "remedy", warning)
	}
	return nil
}
