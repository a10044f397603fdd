package app

import (
	"os"
	"path/filepath"
	"strings"
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

func TestGivenToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	_, err := givenToken(path)
	require.ErrorContains(t, err, "api.admin_token_file")
	for _, bad := range []string{"", "short", "aegis_0123456789012345678901234\nsecond line"} {
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		_, err := givenToken(path)
		require.ErrorContains(t, err, "32 printable characters")
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("0", 64)), 0o600))
	_, err = givenToken(path)
	require.ErrorContains(t, err, "must begin with aegis_")
	require.NoError(t, os.WriteFile(path, []byte("aegis_01234567890123456789012345\n"), 0o600))
	token, err := givenToken(path)
	require.NoError(t, err)
	require.Equal(t, "aegis_01234567890123456789012345", token)
}

func TestPrivateCopy(t *testing.T) {
	t.Parallel()
	path, dir := filepath.Join(t.TempDir(), "pgpass"), filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(path, []byte("*:*:*:*:hunter2\n"), 0o600))
	same, err := privateCopy(path, dir)
	require.NoError(t, err)
	require.Equal(t, path, same)
	require.NoDirExists(t, dir)

	require.NoError(t, os.Chmod(path, 0o440))
	own, err := privateCopy(path, dir)
	require.NoError(t, err)
	require.NotEqual(t, path, own)
	info, err := os.Stat(own)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(own)
	require.NoError(t, err)
	require.Equal(t, "*:*:*:*:hunter2\n", string(content))
}

// TestChartConfigs reads what the Helm chart renders, which a test of
// tools/deploy keeps true, as the server does.
func TestChartConfigs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../tools/deploy/testdata/config/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		c, err := LoadConfig(file, func(string) string { return "" })
		require.NoError(t, err)
		require.Equal(t, "0.0.0.0:8080", c.Addr)
		require.Equal(t, "/var/lib/aegis/work", c.WorkDir)
		err = c.Validate()
		if filepath.Base(file) == "default.yaml" {
			require.ErrorContains(t, err, "database.url:")
			require.ErrorContains(t, err, "aws.account_id:")
			require.ErrorContains(t, err, "pulumi.passphrase_file:")
			continue
		}
		require.NoError(t, err, file)
	}
}
