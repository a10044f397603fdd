package tfsource_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfsource"
)

func TestProjects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"in/shop/Pulumi.yaml": "name: shop\n", "in/shop/main.tf": `module "m" { source = "../none" }`, "out/secret": "x"})
	require.NoError(t, os.Symlink("/usr/bin/python3", filepath.Join(dir, "in/shop/python")))
	in := filepath.Join(dir, "in")
	s := &tfsource.Sources{Roots: []string{in}, Programs: true, Limits: tfsource.ProjectLimits()}
	src := aegis.WorkspaceSource{Path: filepath.Join(in, "shop"), Stack: "prod", BackendURL: "s3://states/team?region=eu-west-1", PassphraseFile: "passphrase"}
	checked, err := s.CheckProject(src)
	require.NoError(t, err)
	require.Equal(t, src, checked)
	work, err := s.Fetch(t.Context(), src, t.TempDir())
	require.NoError(t, err, "a link that leads out stays one, and Terraform's modules mean nothing")
	target, err := os.Readlink(filepath.Join(work, "python"))
	require.NoError(t, err)
	require.Equal(t, "/usr/bin/python3", target)

	for name, change := range map[string]func(*aegis.WorkspaceSource){
		"source.path":            func(s *aegis.WorkspaceSource) { s.Path = filepath.Join(dir, "out") },
		"source.stack":           func(s *aegis.WorkspaceSource) { s.Stack = "org/shop/prod" },
		"source.backend_url":     func(s *aegis.WorkspaceSource) { s.BackendURL = "s3://key:secret@states" },
		"source.passphrase_file": func(s *aegis.WorkspaceSource) { s.PassphraseFile = "../secret" },
		"source.variables":       func(s *aegis.WorkspaceSource) { s.Variables = map[string]string{"a": "b"} },
		"source.state":           func(s *aegis.WorkspaceSource) { s.Export = "x" },
		"source":                 func(s *aegis.WorkspaceSource) { s.Path = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := src
			change(&bad)
			_, err := s.CheckProject(bad)
			require.ErrorIs(t, err, aegis.ErrInvalid)
			require.ErrorContains(t, err, name)
		})
	}
	_, err = s.CheckProject(aegis.WorkspaceSource{Export: "x", PassphraseFile: filepath.Join(dir, "out/secret")})
	require.ErrorContains(t, err, tfsource.RootsSetting)
}
