package aegis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestCredentialsNeverShow(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	c := aegis.Credentials{AccessKeyID: secret, SecretAccessKey: secret, SessionToken: secret}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("assumed", "credentials", c)
	j, err := json.Marshal(c)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), log.String(), string(j)} {
		require.NotContains(t, shown, secret)
	}
}
