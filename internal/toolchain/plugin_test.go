package toolchain

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGetPluginTakesTheOfficialOne(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.Method + " " + r.URL.Path }))
	t.Cleanup(server.Close)
	f.sites.pulumi = server.URL
	tools := f.noTools()
	tools.PulumiCLI = f.program(t, "pulumi", `mkdir -p "$PULUMI_HOME/plugins/resource-aws-v6.83.0"
printf '#!/bin/sh\necho 6.83.0\n' >"$PULUMI_HOME/plugins/resource-aws-v6.83.0/pulumi-resource-aws"
chmod +x "$PULUMI_HOME/plugins/resource-aws-v6.83.0/pulumi-resource-aws"`)
	require.NoError(t, getPlugin(t.Context(), f.machine, &tools, quiet))
	require.Equal(t, "HEAD /plugins/pulumi-resource-aws-v6.83.0-linux-amd64.tar.gz", asked)
	item := findPlugin(t.Context(), f.machine, &tools)
	require.Equal(t, "official", item.Origin)
	require.True(t, tools.AWSPluginOfficial)
	require.False(t, awsPlugin().stale(f.machine, &tools))
}

func TestPluginThatCannotRun(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tools := f.noTools()
	f.write(t, pluginPath(tools.PulumiHome), "#!/bin/sh\nexit 3\n")
	item := findPlugin(t.Context(), f.machine, &tools)
	require.False(t, item.OK)
	require.Contains(t, item.Remedy, "exit status 3")
	require.Empty(t, tools.AWSPlugin)
}

func TestGetPluginNeedsTheCLI(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tools := f.noTools()
	require.ErrorContains(t, getPlugin(t.Context(), f.machine, &tools, quiet), "no Pulumi CLI")
}
