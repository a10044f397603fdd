package cloud

import (
	"context"
	"errors"
	"slices"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Pacer keeps reads within budgets: Wait holds one back, and done, called once
// with AWS's error code or "", ends it.
type Pacer interface {
	Wait(ctx context.Context, account, service, region string) (done func(code string), err error)
}

// reading are how the names of operations begin that read.
func reading() []string {
	return []string{"Describe", "Get", "List", "Head", "Lookup", "BatchGet", "Search"}
}

// paced adds to a client's middleware what holds its reads back, each attempt by
// itself. What writes is not held back: it is not for a sweep to wait for.
func (c *Cloud) paced(account string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("AegisPace", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if !isRead(awsmiddleware.GetOperationName(ctx)) {
				return next.HandleFinalize(ctx, in)
			}
			done, err := c.cfg.Pacer.Wait(ctx, account, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetRegion(ctx))
			if err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			out, metadata, err := next.HandleFinalize(ctx, in)
			code := ""
			if api, ok := errors.AsType[smithy.APIError](err); ok {
				code = api.ErrorCode()
			}
			done(code)
			return out, metadata, err
		}), "Retry", middleware.After)
	}
}

func isRead(operation string) bool {
	return slices.ContainsFunc(reading(), func(prefix string) bool { return strings.HasPrefix(operation, prefix) })
}
