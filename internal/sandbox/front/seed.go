package front

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// The users that every sandbox account begins with; both are administrators.
const (
	// AdminUser is for people: whatever it does is out of band.
	AdminUser = "sandbox-admin"
	// AutopilotUser is the autopilot's base identity.
	AutopilotUser = "aegis-autopilot"
)

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

// AccessKey is a long-lived key.
type AccessKey struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// Ensure returns the user's key, and makes the user, an administrator, when
// the account has none of that name.
func (f *Front) Ensure(ctx context.Context, user string) (AccessKey, error) {
	client := f.access.client
	_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &user})
	if exists := new(types.EntityAlreadyExistsException); err != nil && !errors.As(err, &exists) {
		return AccessKey{}, fmt.Errorf("create user %s: %w", user, err)
	}
	if found, ok := f.keys.ofUser(user); ok {
		return found, nil
	}
	if _, err := client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: aws.String(administrator)}); err != nil {
		return AccessKey{}, fmt.Errorf("make user %s an administrator: %w", user, err)
	}
	made, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		return AccessKey{}, fmt.Errorf("create the key of user %s: %w", user, err)
	}
	return AccessKey{ID: aws.ToString(made.AccessKey.AccessKeyId), Secret: aws.ToString(made.AccessKey.SecretAccessKey)}, nil
}

// ofUser is an active long-lived key of the user.
func (k *keyring) ofUser(name string) (AccessKey, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, found := range k.keys {
		if found.User == name && found.Session == nil && !found.Inactive {
			return AccessKey{ID: found.ID, Secret: found.Secret}, true
		}
	}
	return AccessKey{}, false
}
