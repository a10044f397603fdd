package policies_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/policies"
)

// Run with AEGIS_UPDATE=1 to write the file anew.
func TestCapabilitiesFileIsWhatTheGateCompilesWith(t *testing.T) {
	t.Parallel()
	const name = "capabilities.json"
	want := capabilitiesFile(t, policies.Capabilities())
	if os.Getenv("AEGIS_UPDATE") != "" {
		require.NoError(t, os.WriteFile(name, want, 0o600))
	}
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run this test with AEGIS_UPDATE=1")

	read, err := ast.LoadCapabilitiesJSON(bytes.NewReader(got))
	require.NoError(t, err)
	require.Empty(t, read.AllowNet)
	require.NotNil(t, read.AllowNet, "nil would allow every host")
	for _, impure := range []string{"http.send", "opa.runtime", "net.lookup_ip_addr", "time.now_ns", "rand.intn", "uuid.rfc4122", "trace"} {
		require.False(t, slices.ContainsFunc(read.Builtins, func(b *ast.Builtin) bool { return b.Name == impure }), impure)
	}
}

// capabilitiesFile has a line for each built-in function.
func capabilitiesFile(t *testing.T, c *ast.Capabilities) []byte {
	t.Helper()
	rest := *c
	rest.Builtins = nil
	raw, err := json.Marshal(rest)
	require.NoError(t, err)
	out := bytes.NewBufferString("{\"builtins\": [\n")
	for i, b := range c.Builtins {
		line, err := json.Marshal(b)
		require.NoError(t, err)
		out.WriteString("  ")
		out.Write(line)
		if i < len(c.Builtins)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("],\n\"allow_net\": [],\n") // which Marshal leaves out when it is empty
	out.Write(bytes.TrimPrefix(bytes.TrimPrefix(raw, []byte("{")), []byte(`"builtins":null,`)))
	out.WriteByte('\n')
	return out.Bytes()
}
