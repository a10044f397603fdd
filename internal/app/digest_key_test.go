package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
)

func TestWorkersShareADigestKeyThatTheDatabaseLacks(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t)
	ctx := t.Context()
	c := DefaultConfig()
	c.Pulumi.PassphraseFile = filepath.Join(t.TempDir(), "passphrase")
	require.NoError(t, os.WriteFile(c.Pulumi.PassphraseFile, []byte("correct horse\n"), 0o600))
	key, err := digestKey(ctx, c, nil, db)
	require.NoError(t, err)
	require.Len(t, key, digestKeySize)
	other, err := digestKey(ctx, c, nil, db)
	require.NoError(t, err)
	require.Equal(t, key, other)

	kept, err := db.SharedKey(ctx, digestKeyName, nil)
	require.NoError(t, err)
	require.NotEqual(t, key, kept, "who reads the database lacks the key")

	require.NoError(t, os.WriteFile(c.Pulumi.PassphraseFile, []byte("battery staple\n"), 0o600))
	other, err = digestKey(ctx, c, nil, db)
	require.NoError(t, err)
	require.NotEqual(t, key, other)
}
