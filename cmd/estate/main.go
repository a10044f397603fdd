// Command estate is the program that Pulumi.yaml names: `pulumi up` with stack
// "<environment>.<layer>.<region>" declares that layer in that region.
//
// Stack configuration:
//
//	aegis:spec        the stack's Spec as an object; what it leaves out is as in
//	                  the small estate, parameters too
//	aegis:regions     the estate's regions as a list, the primary first
//	aegis:account_id  the only AWS account that may be touched; required unless
//	                  AWS_ENDPOINT_URL names a sandbox
package main

import (
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis/stacks"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		return estate(ctx, os.Getenv("AWS_ENDPOINT_URL"))
	})
}

// estate runs the program of the selected stack. Endpoint is that of a
// sandbox, or "" for AWS itself.
func estate(ctx *pulumi.Context, endpoint string) error {
	if err := guard(ctx, endpoint); err != nil {
		return err
	}
	spec, err := specOf(ctx)
	if err != nil {
		return err
	}
	program, err := stacks.Program(spec)
	if err != nil {
		return err
	}
	return program(ctx)
}
