package stacks

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/aegisworld/aegis"
)

// stack is one stack while its program runs.
type stack struct {
	ctx      *pulumi.Context
	spec     aegis.Spec
	provider *aws.Provider
	// account is the AWS account id, known before the first resource.
	account string
	// emulated says that the account is a sandbox's, where nothing takes long.
	emulated bool
	checks   pulumi.Array
	outputs  pulumi.Map
	// references are to the stacks whose outputs were read.
	references map[string]*pulumi.StackReference
	imports    imports
	// draws are shared by the runs of one program.
	draws *draws
}

// newStack configures the AWS provider and makes sure of the account.
func newStack(ctx *pulumi.Context, spec aegis.Spec) (*stack, error) {
	configured := config.New(ctx, Project).Get("account_id")
	args := &aws.ProviderArgs{Region: pulumi.String(spec.Region)}
	if configured != "" {
		args.AllowedAccountIds = pulumi.StringArray{pulumi.String(configured)}
	}
	provider, err := aws.NewProvider(ctx, "aws", args)
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterStackTransformation(tagging(spec)); err != nil {
		return nil, err
	}
	s := &stack{
		ctx: ctx, spec: spec, provider: provider, outputs: pulumi.Map{}, references: map[string]*pulumi.StackReference{},
		emulated: config.New(ctx, Project).GetBool("emulated"),
	}
	if s.imports, err = importsOf(spec); err != nil {
		return nil, err
	}
	if err := ctx.RegisterStackTransformation(s.imports.taking); err != nil {
		return nil, err
	}
	s.account, err = s.accountID(configured)
	return s, err
}

// accountID is the configured account, which the provider compares with the
// caller's before its first call, or else the caller's.
func (s *stack) accountID(configured string) (string, error) {
	id := configured
	if id == "" {
		caller, err := aws.GetCallerIdentity(s.ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(s.provider))
		if err != nil {
			return "", fmt.Errorf("ask who calls: %w", err)
		}
		id = caller.AccountId
	}
	if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(id) {
		return "", errors.New("aegis:account_id: must be 12 digits")
	}
	return id, nil
}

// opts are the options of every resource, with more appended.
func (s *stack) opts(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Provider(s.provider)}, more...)
}

// output exports a value for other layers and for people.
func (s *stack) output(name string, value pulumi.Input) { s.outputs[name] = value }

// check declares an aws_health check of a resource.
func (s *stack) check(name, resourceType string, id pulumi.StringInput, expect map[string]string) {
	s.checks = append(s.checks, id.ToStringOutput().ApplyT(func(id string) (map[string]any, error) {
		return toMap(aegis.Check{
			Name: name, Kind: aegis.CheckAWSHealth, Region: s.spec.Region,
			ResourceType: resourceType, ResourceID: id, Expect: expect,
		})
	}))
}

// export hands the stack's outputs to the engine.
func (s *stack) export() error {
	spec, err := toMap(s.spec)
	if err != nil {
		return err
	}
	s.ctx.Export("spec", pulumi.Any(spec))
	s.ctx.Export("checks", s.checks)
	for name, value := range s.outputs {
		s.ctx.Export(name, value)
	}
	return nil
}
