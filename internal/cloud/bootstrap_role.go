package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// The last part of DefaultBootstrapRole, and its inline policy.
const (
	bootstrapRoleName   = "aegis-bootstrap"
	bootstrapPolicyName = "bootstrap"
)

// ensureBootstrapRole makes the bootstrap role in a sandbox. In a real account
// an administrator does, once: it is the root of the autopilot's rights.
func (c *Cloud) ensureBootstrapRole(ctx context.Context, request sessionRequest) error {
	arn := "arn:aws:iam::" + request.account + ":role/" + bootstrapRoleName
	if c.cfg.Endpoint == "" || request.role != arn {
		return nil
	}
	c.bootstrap.Lock()
	defer c.bootstrap.Unlock()
	client := c.baseIAM()
	_, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{
		RoleName: aws.String(bootstrapRoleName), PolicyName: aws.String(bootstrapPolicyName),
	})
	if _, absent := errors.AsType[*types.NoSuchEntityException](err); err == nil || !absent {
		return err
	}
	return createBootstrapRole(ctx, client, request.account)
}

func createBootstrapRole(ctx context.Context, client *iam.Client, account string) error {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",`+
		`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Condition":{"StringLike":{"sts:RoleSessionName":"aegis-*"}}}]}`, account)
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(bootstrapRoleName), AssumeRolePolicyDocument: aws.String(trust),
	})
	if _, exists := errors.AsType[*types.EntityAlreadyExistsException](err); err != nil && !exists {
		return fmt.Errorf("create role %s: %w", bootstrapRoleName, err)
	}
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(bootstrapRoleName), PolicyName: aws.String(bootstrapPolicyName), PolicyDocument: aws.String(allow),
	}); err != nil {
		return fmt.Errorf("give rights to role %s: %w", bootstrapRoleName, err)
	}
	return nil
}

// baseIAM is IAM as the base identity.
func (c *Cloud) baseIAM() *iam.Client {
	return iam.NewFromConfig(c.base, func(o *iam.Options) { o.Region = globalRegion })
}
