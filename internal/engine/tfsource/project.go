package tfsource

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

var (
	projectStack   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
	projectBackend = regexp.MustCompile(`^(file://[A-Za-z0-9._~/@%+-]+|s3://[a-z0-9.-]{3,63}(/[A-Za-z0-9._/-]*)?(\?[A-Za-z0-9._~/@%+:=&-]*)?)$`)
)

// CheckProject says whether a Pulumi stack is one to adopt, and returns its
// source with the path resolved. All faults are named.
func (s *Sources) CheckProject(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error) {
	var faults aegis.InvalidError
	for field, given := range map[string]bool{
		"workspace": src.Workspace != "", "backend_config": len(src.BackendConfig) > 0, "var_files": len(src.VarFiles) > 0, "variables": len(src.Variables) > 0,
	} {
		if given {
			faults.Add("source."+field, "is for Terraform workspaces")
		}
	}
	switch {
	case src.Export != "" && (src.Path != "" || src.Git != nil || src.Archive != "" || src.Stack != "" || src.BackendURL != ""):
		faults.Add("source.state", "stands for itself: give either a state, or a project with its stack")
	case src.Export != "":
	case !projectStack.MatchString(src.Stack):
		faults.Add("source.stack", "must be the stack's name in its project, without an organization")
	default:
		plain := aegis.WorkspaceSource{Path: src.Path, Git: src.Git, Archive: src.Archive, Dir: src.Dir}
		checked, err := s.Check(plain)
		if invalid, ok := err.(*aegis.InvalidError); ok { //nolint:errorlint // made here
			faults.Faults = append(faults.Faults, invalid.Faults...)
		}
		src.Path = checked.Path
	}
	if src.BackendURL != "" && !projectBackend.MatchString(src.BackendURL) {
		faults.Add("source.backend_url", "must be file:// or s3://, without credentials")
	}
	s.checkPassphrase(src, &faults)
	slices.SortFunc(faults.Faults, func(a, b aegis.FieldFault) int { return strings.Compare(a.Field, b.Field) })
	return src, faults.OrNil()
}

func (s *Sources) checkPassphrase(src aegis.WorkspaceSource, faults *aegis.InvalidError) {
	name := src.PassphraseFile
	switch {
	case name == "":
	case filepath.IsAbs(name):
		if _, err := s.Allow(name); err != nil {
			faults.Add("source.passphrase_file", "is not below one of the folders that "+RootsSetting+" allows")
		}
	case src.Export != "" || !filepath.IsLocal(name):
		faults.Add("source.passphrase_file", "must be a file of the project, or an absolute path on the server")
	}
}
