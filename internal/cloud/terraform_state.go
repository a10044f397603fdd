package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// maxTerraformState bounds a Terraform state, in bytes.
const maxTerraformState = 256 << 20

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
	client := s3.NewFromConfig(readers.cfg, func(o *s3.Options) {
		o.Region, o.UsePathStyle = at.Region, c.base.BaseEndpoint != nil
	})
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key})
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state s3://%s/%s: %w", at.Bucket, at.Key, err)
	}
	defer func() { _ = out.Body.Close() }() // everything of use was read
	data, err := io.ReadAll(io.LimitReader(out.Body, maxTerraformState+1))
	if err != nil {
		return nil, fmt.Errorf("read the state s3://%s/%s: %w", at.Bucket, at.Key, err)
	}
	if len(data) > maxTerraformState {
		return nil, fmt.Errorf("the state s3://%s/%s is larger than %d bytes", at.Bucket, at.Key, maxTerraformState)
	}
	return data, nil
}
