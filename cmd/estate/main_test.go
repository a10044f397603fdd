package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/sandbox/sandboxtest"
	"github.com/aegisworld/aegis/stacks"
)

const sandboxURL = "http://127.0.0.1:1"

// noCloud lets programs declare and creates nothing.
type noCloud struct{}

// NewResource implements pulumi.MockResourceMonitor.
func (noCloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return args.Name, args.Inputs, nil
}

// Call implements pulumi.MockResourceMonitor.
func (noCloud) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "123456789012"}), nil
}

// run runs the program of a stack with this configuration.
func run(stack, endpoint string, config map[string]string) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error { return estate(ctx, endpoint) },
		pulumi.WithMocks("aegis", stack, noCloud{}), func(info *pulumi.RunInfo) { info.Config = config })
}

func TestEstate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stack, endpoint string
		config          map[string]string
		fault           string
	}{
		"declares the default spec":           {"dev.network.eu-west-1", sandboxURL, nil, ""},
		"declares in a region of its own":     {"dev.network.sa-east-1", sandboxURL, nil, ""},
		"takes the parameters of a spec":      {"dev.runtime.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{"parameters":{"node_min":9}}`}, "parameters.node_min: 9 is above node_desired 2"},
		"refuses parameters that are none":    {"dev.runtime.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{"parameters":[1]}`}, "parameters"},
		"refuses an unknown parameter":        {"dev.runtime.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{"parameters":{"nodes":9}}`}, "parameters.nodes: is not a known name"},
		"refuses unknown fields of a spec":    {"dev.network.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{"layers":1}`}, `unknown field "layers"`},
		"refuses the spec of another stack":   {"dev.network.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{"layer":"edge"}`}, "is of stack dev.edge.us-east-1"},
		"refuses two specs":                   {"dev.network.us-east-1", sandboxURL, map[string]string{"aegis:spec": `{} {}`}, "more than one value"},
		"refuses a name that is no stack's":   {"dev", sandboxURL, nil, "is not <environment>.<layer>.<region>"},
		"refuses an unknown layer":            {"dev.moon.us-east-1", sandboxURL, nil, "is not a stack of the estate"},
		"refuses an unknown region":           {"dev.network.mars-1", sandboxURL, nil, `"mars-1" is not one of`},
		"refuses regions that are no list":    {"dev.network.us-east-1", sandboxURL, map[string]string{"aegis:regions": `3`}, "aegis:regions"},
		"refuses a real account without name": {"dev.network.us-east-1", "", nil, "aegis:account_id is not configured"},
		"takes a real account by name":        {"dev.network.us-east-1", "", map[string]string{"aegis:account_id": "123456789012"}, ""},
		"refuses a name that is no account":   {"dev.network.us-east-1", "", map[string]string{"aegis:account_id": "mine"}, "must be 12 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(test.stack, test.endpoint, test.config)
			if test.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.fault)
		})
	}
}

// `pulumi up` as a person runs it, with the project file of the repository.
func TestPulumiUp(t *testing.T) {
	t.Parallel()
	tools, err := filepath.Abs("../../.aegis/bin")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(tools, "pulumi-language-go"), "run `make setup` first")
	account := sandboxtest.Start(t, "us-east-1")
	dir := t.TempDir()
	writeProject(t, dir)
	pulumiCLI := func(arguments ...string) (string, error) {
		command := exec.CommandContext(t.Context(), filepath.Join(tools, "pulumi"), append(arguments, "--non-interactive")...)
		command.Dir = dir
		command.Env = []string{
			"PATH=" + tools + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + dir, "PULUMI_HOME=" + filepath.Join(dir, "home"),
			"PULUMI_BACKEND_URL=file://" + dir, "PULUMI_CONFIG_PASSPHRASE=test", "PULUMI_SKIP_UPDATE_CHECK=true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ENDPOINT_URL=" + account.AWSEndpoint, "AWS_ACCESS_KEY_ID=" + account.AutopilotAccessKeyID,
			"AWS_SECRET_ACCESS_KEY=" + account.AutopilotSecretAccessKey, "AEGIS_PLUGIN_CACHE=" + filepath.Join(dir, "cache"),
		}
		output, err := command.CombinedOutput()
		return string(output), err
	}
	output, err := pulumiCLI("stack", "init", "dev.network.us-east-1")
	require.NoError(t, err, output)
	output, err = pulumiCLI("up", "--yes", "--skip-preview")
	require.NoError(t, err, output)
	output, err = pulumiCLI("config", "set", "--path", "aegis:spec.parameters.zones", "7")
	require.NoError(t, err, output)
	output, err = pulumiCLI("preview")
	require.Error(t, err)
	require.Contains(t, output, "parameters.zones: ")
}

// writeProject makes a copy of the repository's project with the program built.
func writeProject(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile("../../Pulumi.yaml")
	require.NoError(t, err)
	require.Contains(t, string(text), "name: aegis\n")
	project := strings.Replace(string(text), "runtime: go", "runtime: {name: go, options: {binary: program}}", 1)
	project = strings.Replace(project, "main: cmd/estate\n", "", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(project), 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "program"), ".")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestDefaultSpecIsThatOfTheEstate(t *testing.T) {
	t.Parallel()
	name := aegis.StackName{Environment: "dev", Layer: "network", Region: "eu-west-1"}
	spec, err := defaultSpec(name, []string{"us-east-1", "eu-west-1"})
	require.NoError(t, err)
	require.Contains(t, string(spec.Parameters), `"10.11.0.0/16"`)
}

// A configuration that was written for version 1 of the spec still stands.
func TestConfiguredSpecOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	spec, err := defaultSpec(aegis.StackName{Environment: "dev", Layer: "network", Region: "eu-west-1"}, []string{"eu-west-1"})
	require.NoError(t, err)
	const rule = `{"protocol":"tcp","from_port":22,"to_port":22,"cidrs":["10.9.0.0/16"]`
	require.NoError(t, merge(&spec, []byte(`{"version":1,"parameters":{"zones":2,"ingress_rules":[`+rule+`,"name":"ssh"}]}}`)))
	require.NoError(t, stacks.Validate(spec))
	var network aegis.NetworkSpec
	require.NoError(t, json.Unmarshal(spec.Parameters, &network))
	require.Equal(t, 2, network.Zones)
	require.Equal(t, aegis.IngressRule{Protocol: "tcp", FromPort: 22, ToPort: 22, CIDRs: []string{"10.9.0.0/16"}}, network.IngressRules["ssh"])
	require.ErrorContains(t, merge(&spec, []byte(`{"version":9}`)), "aegis:spec: version: 9 is newer than 2")
}
