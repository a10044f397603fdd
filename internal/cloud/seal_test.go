package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	connected, account := newCloud(t)
	made, err := kms.NewFromConfig(admin(account, "eu-west-1")).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	for _, keyURL := range []string{
		"awskms:///" + *made.KeyMetadata.Arn, "awskms://" + *made.KeyMetadata.KeyId + "?region=eu-west-1",
	} {
		sealed, err := connected.Seal(t.Context(), keyURL, []byte("secret"))
		require.NoError(t, err)
		require.NotContains(t, string(sealed), "secret")
		plain, err := connected.Unseal(t.Context(), keyURL, sealed)
		require.NoError(t, err)
		require.Equal(t, "secret", string(plain))
	}
	_, err = connected.Seal(t.Context(), "awskms://"+*made.KeyMetadata.KeyId+"?region=us-east-1", []byte("secret"))
	require.Error(t, err, "the key is in another region")
	for _, wrong := range []string{"passphrase", "awskms://", "awskms://%zz"} {
		_, err = connected.Seal(t.Context(), wrong, nil)
		require.ErrorIs(t, err, aegis.ErrInvalid)
	}
	keys, err := connected.BaseCredentials(t.Context())
	require.NoError(t, err)
	require.Equal(t, account.AutopilotAccessKeyID, keys.AccessKeyID)
}
