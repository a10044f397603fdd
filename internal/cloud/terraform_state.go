package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// ReadState reads, as the run's own session, a Terraform state in S3; an empty
// one is not there. Other backends are aegis.ErrNotImplemented.
func (c *Cloud) ReadState(ctx context.Context, run aegis.StackRun) ([]byte, error) {
	if run.Stack.Source == nil || run.Stack.Source.State == nil || run.Stack.Source.State.Backend != "s3" {
		return nil, fmt.Errorf("read a state that is not in S3: %w", aegis.ErrNotImplemented)
	}
	at := *run.Stack.Source.State
	readers, err := c.readers(ctx, run.Stack)
	if err != nil {
		return nil, err
	}
	data, _, err := readObject(ctx, s3In(readers.cfg, at.Region), &s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key}, maxState)
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state s3://%s/%s: %w", at.Bucket, at.Key, err)
	}
	return data, nil
}
