package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "aegis.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	unset := func(string) string { return "" }

	t.Run("takes the environment over the file over the defaults", func(t *testing.T) {
		t.Parallel()
		path := file(t, "environment: staging\naddr: 127.0.0.1:1\n")
		c, err := LoadConfig(path, func(name string) string { return map[string]string{"AEGIS_ADDR": "127.0.0.1:2"}[name] })
		require.NoError(t, err)
		require.Equal(t, "staging", c.Environment)
		require.Equal(t, "127.0.0.1:2", c.Addr)
		require.Equal(t, DefaultConfig().Regions, c.Regions)
	})

	t.Run("refuses an unknown key and names the file", func(t *testing.T) {
		t.Parallel()
		path := file(t, "colour: blue\n")
		_, err := LoadConfig(path, unset)
		require.ErrorContains(t, err, "colour")
		require.ErrorContains(t, err, path)
	})

	t.Run("joins all faults, each naming its key", func(t *testing.T) {
		t.Parallel()
		c := DefaultConfig()
		c.Addr, c.Environment, c.Regions, c.Budget.EstateUSDMonth = "nowhere", "No!", []string{"mars-1", "mars-1"}, -1
		c.Egress.Allow = []string{"10.0.0.0/99"}
		c.Policy.Decisions = DecisionsConfig{Retention: 1, Sink: DecisionSink{URL: "ftp://siem"}}
		err := c.Validate()
		for _, key := range []string{
			"addr", "environment", "regions", "database.url", "aws.account_id", "pulumi.passphrase_file", "budget.estate_usd_month",
			"egress.allow", "policy.decisions.retention", "policy.decisions.sink",
		} {
			require.ErrorContains(t, err, key+":")
		}
	})

	t.Run("never shows the database's password in the backend URL", func(t *testing.T) {
		t.Parallel()
		c := DefaultConfig()
		c.Database.URL = "postgres://aegis:hunter2@db.example:5432/aegis"
		backend, err := c.backendURL()
		require.NoError(t, err)
		require.NotContains(t, backend, "hunter2")
		require.Contains(t, backend, "table=pulumi_state")
		require.Contains(t, backend, "sslmode=")
	})
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "token")
	first, err := tokenFile(path)
	require.NoError(t, err)
	require.Len(t, first, len("aegis_")+43)
	again, err := tokenFile(path)
	require.NoError(t, err)
	require.Equal(t, first, again, "a second start keeps the token")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
