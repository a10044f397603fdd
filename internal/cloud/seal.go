package cloud

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/aegisworld/aegis"
)

// sealContext binds what is sealed to its purpose: KMS opens it only with the
// same, and records it.
const sealContext = "aegis-shared-key"

// Seal encrypts up to 4 KiB with a KMS key, named as Pulumi names one:
// awskms:///ARN, awskms://ID?region=R or awskms://alias/NAME?region=R. It is
// done as the base identity.
func (c *Cloud) Seal(ctx context.Context, keyURL string, plain []byte) ([]byte, error) {
	key, region, err := c.parseKey(keyURL)
	if err != nil {
		return nil, err
	}
	out, err := c.baseKMS(region).Encrypt(ctx, &kms.EncryptInput{
		KeyId: &key, Plaintext: plain, EncryptionContext: map[string]string{"purpose": sealContext},
	})
	if err != nil {
		return nil, fmt.Errorf("encrypt with %s: %w", key, err)
	}
	return out.CiphertextBlob, nil
}

// Unseal decrypts what Seal returned.
func (c *Cloud) Unseal(ctx context.Context, keyURL string, sealed []byte) ([]byte, error) {
	key, region, err := c.parseKey(keyURL)
	if err != nil {
		return nil, err
	}
	out, err := c.baseKMS(region).Decrypt(ctx, &kms.DecryptInput{
		KeyId: &key, CiphertextBlob: sealed, EncryptionContext: map[string]string{"purpose": sealContext},
	})
	if err != nil {
		return nil, fmt.Errorf("decrypt with %s: %w", key, err)
	}
	return out.Plaintext, nil
}

func (c *Cloud) baseKMS(region string) *kms.Client {
	return kms.NewFromConfig(c.base, func(o *kms.Options) { o.Region = region })
}

// parseKey finds the key and its region; an ARN has its own.
func (c *Cloud) parseKey(keyURL string) (key, region string, err error) {
	u, err := url.Parse(keyURL)
	if err != nil || u.Scheme != "awskms" {
		return "", "", aegis.Invalid("secrets_provider", "is no awskms:// URL")
	}
	key = strings.TrimPrefix(path.Join(u.Host, u.Path), "/")
	if key == "" {
		return "", "", aegis.Invalid("secrets_provider", "names no key")
	}
	region = u.Query().Get("region")
	if arn := strings.Split(key, ":"); region == "" && len(arn) > 3 {
		region = arn[3]
	}
	if region == "" {
		region = c.cfg.Regions[0]
	}
	return key, region, nil
}

// BaseCredentials are the keys of the base identity, for what is no stack's:
// the state backend and the secrets provider.
func (c *Cloud) BaseCredentials(ctx context.Context) (aegis.Credentials, error) {
	found, err := c.base.Credentials.Retrieve(ctx)
	if err != nil {
		return aegis.Credentials{}, fmt.Errorf("read the base credentials: %w", err)
	}
	keys := aegis.Credentials{
		AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken,
	}
	if found.CanExpire {
		keys.Expires = found.Expires
	}
	return keys, nil
}
