package deploy_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/require"
)

// dockerfile parses the Dockerfile as BuildKit does; a warning is a fault.
func dockerfile(t *testing.T) (stages []instructions.Stage, global []instructions.ArgCommand) {
	t.Helper()
	file, err := os.Open(checkout + "/Dockerfile")
	require.NoError(t, err)
	defer file.Close()
	parsed, err := parser.Parse(file)
	require.NoError(t, err)
	require.Empty(t, parsed.Warnings)
	stages, global, err = instructions.Parse(parsed.AST, nil)
	require.NoError(t, err)
	require.NotEmpty(t, stages)
	return stages, global
}

// arguments are the defaults of all ARGs.
func arguments(t *testing.T) map[string]string {
	t.Helper()
	stages, all := dockerfile(t)
	for _, stage := range stages {
		for _, command := range stage.Commands {
			if arg, ok := command.(*instructions.ArgCommand); ok {
				all = append(all, *arg)
			}
		}
	}
	found := map[string]string{}
	for _, arg := range all {
		for _, one := range arg.Args {
			require.NotNil(t, one.Value, "%s has a default", one.Key)
			found[one.Key] = *one.Value
		}
	}
	return found
}

func commands[T instructions.Command](stage instructions.Stage) []T {
	var found []T
	for _, command := range stage.Commands {
		if typed, ok := command.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

func TestImageVersions(t *testing.T) {
	t.Parallel()
	given := arguments(t)
	versions := readFile(t, checkout+"/internal/toolchain/versions.go")
	for arg, constant := range map[string]string{
		"PULUMI_VERSION": "pulumiVersion", "PULUMI_AWS_VERSION": "pluginVersion",
		"TERRAFORM_VERSION": "terraformGet", "TERRAFORM_PROVIDER_AWS_VERSION": "providerVersion",
	} {
		pinned := regexp.MustCompile(`(?m)^\s*` + constant + `\s*= "([^"]+)"$`).FindStringSubmatch(versions)
		require.NotNil(t, pinned, constant)
		require.Equal(t, pinned[1], given[arg], arg)
		delete(given, arg)
	}
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, checkout+"/go.mod"))
	require.Equal(t, language[1], given["GO_VERSION"])
	delete(given, "GO_VERSION")
	require.Equal(t, map[string]string{"VERSION": "unknown"}, given, "each ARG is compared with something")
}

func TestImageBases(t *testing.T) {
	t.Parallel()
	stages, global := dockerfile(t)
	var env []string
	for _, arg := range global {
		for _, one := range arg.Args {
			env = append(env, one.Key+"="+*one.Value)
		}
	}
	names := map[string]bool{}
	for _, stage := range stages {
		base, _, err := shell.NewLex('\\').ProcessWord(stage.BaseName, shell.EnvsFromSlice(env))
		require.NoError(t, err)
		if !names[base] {
			image, tag, found := strings.Cut(path.Base(base), ":")
			require.True(t, found, "%s has a tag", base)
			require.NotEmpty(t, image)
			require.NotContains(t, []string{"", "latest"}, tag, base)
		}
		names[stage.Name] = true
	}
	final := stages[len(stages)-1]
	require.Contains(t, final.BaseName, "distroless")
	require.Contains(t, final.BaseName, "nonroot")
	users := commands[*instructions.UserCommand](final)
	require.Len(t, users, 1)
	require.Equal(t, "65532:65532", users[0].User, "the user of the chart")
	require.Empty(t, commands[*instructions.RunCommand](final), "nothing runs in an image without programs")
	require.Empty(t, commands[*instructions.AddCommand](final))
	entry := commands[*instructions.EntrypointCommand](final)
	require.Len(t, entry, 1)
	require.False(t, entry[0].PrependShell)
}

// TestImageContent holds that each path that is copied exists, passes
// .dockerignore and, from another stage, is made there.
func TestImageContent(t *testing.T) {
	t.Parallel()
	ignored := ignore(t)
	stages, _ := dockerfile(t)
	made := map[string]bool{}
	copied := map[string]bool{}
	for _, stage := range stages {
		for _, command := range commands[*instructions.CopyCommand](stage) {
			for _, source := range command.SourcePaths {
				if command.From != "" {
					require.True(t, made[command.From], "%s is a stage before", command.From)
					continue
				}
				matches, err := filepath.Glob(filepath.Join(checkout, source))
				require.NoError(t, err)
				require.NotEmpty(t, matches, "%s is there", source)
				for _, match := range matches {
					name, err := filepath.Rel(checkout, match)
					require.NoError(t, err)
					left, err := ignored.MatchesOrParentMatches(name)
					require.NoError(t, err)
					require.False(t, left, "%s is not left out by .dockerignore", name)
					copied[name] = true
				}
			}
		}
		made[stage.Name] = true
	}
	// All that the binary is built from is there.
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}", "./cmd/aegis")
	list.Dir = checkout
	output, err := list.Output()
	require.NoError(t, err)
	root, err := filepath.Abs(checkout)
	require.NoError(t, err)
	for line := range strings.Lines(string(output)) {
		if line = strings.TrimSpace(line); line == "" || line == root {
			continue
		}
		name, err := filepath.Rel(root, line)
		require.NoError(t, err)
		first, _, _ := strings.Cut(name, string(filepath.Separator))
		require.True(t, copied[first], "%s is copied", name)
	}
}

func TestImageIgnores(t *testing.T) {
	t.Parallel()
	ignored := ignore(t)
	for _, name := range []string{".git/config", ".aegis/bin/pulumi", "bin/aegis", "tools/webhook-verify/node_modules/x/y.js", "cmd/admin.token", "docs/cli.md"} {
		left, err := ignored.MatchesOrParentMatches(name)
		require.NoError(t, err)
		require.True(t, left, name)
	}
}

func ignore(t *testing.T) *patternmatcher.PatternMatcher {
	t.Helper()
	patterns, err := ignorefile.ReadAll(strings.NewReader(readFile(t, checkout+"/.dockerignore")))
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	return matcher
}

// TestImageRunsTheChart holds what image and chart take for granted of each other.
func TestImageRunsTheChart(t *testing.T) {
	t.Parallel()
	stages, _ := dockerfile(t)
	final := stages[len(stages)-1]
	variables := map[string]string{}
	for _, command := range commands[*instructions.EnvCommand](final) {
		for _, one := range command.Env {
			variables[one.Key] = one.Value
		}
	}
	require.Equal(t, map[string]string{"AEGIS_TOOLS": "/opt/aegis", "HOME": "/tmp"}, variables)
	arguments := commands[*instructions.CmdCommand](final)
	require.Len(t, arguments, 1)
	require.Equal(t, []string{"serve", "--config", "/etc/aegis/aegis.yaml"}, arguments[0].CmdLine)
}
