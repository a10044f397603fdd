package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// maxState bounds what is read of a state, in bytes.
const maxState = 256 << 20

// StateBucket is direct access to the files of a Pulumi project's s3:// backend,
// as the run's own session. It implements engine.StateFiles.
type StateBucket struct {
	client *s3.Client
	bucket string
	// prefix comes before every key, "" or with a slash at its end.
	prefix string
}

// StateBucket opens the backend that run.Stack.Source.State names.
func (c *Cloud) StateBucket(ctx context.Context, run aegis.StackRun) (*StateBucket, error) {
	at := run.Stack.Source.State
	if !bucketForm.MatchString(at.Bucket) || at.Key != "" && !keyForm.MatchString(at.Key) {
		return nil, aegis.Invalid("source.backend_url", "is no s3://BUCKET or s3://BUCKET/PREFIX")
	}
	session, err := c.clientsOf(ctx, run)
	if err != nil {
		return nil, err
	}
	b := &StateBucket{client: s3In(session.cfg, at.Region), bucket: at.Bucket}
	if at.Key != "" {
		b.prefix = at.Key + "/"
	}
	return b, nil
}

func (b *StateBucket) failed(verb, key string, err error) error {
	return fmt.Errorf("%s s3://%s/%s%s: %w: %w", verb, b.bucket, b.prefix, key, aegis.ErrUnavailable, err)
}

// ReadState returns a file's content, or aegis.ErrNotFound.
func (b *StateBucket) ReadState(ctx context.Context, key string) ([]byte, error) {
	data, _, err := readObject(ctx, b.client, &s3.GetObjectInput{Bucket: &b.bucket, Key: aws.String(b.prefix + key)}, maxState)
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, fmt.Errorf("s3://%s/%s%s: %w", b.bucket, b.prefix, key, aegis.ErrNotFound)
	}
	if err != nil {
		return nil, b.failed("read", key, err)
	}
	return data, nil
}

// WriteState creates or replaces a file.
func (b *StateBucket) WriteState(ctx context.Context, key string, data []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.bucket, Key: aws.String(b.prefix + key), Body: bytes.NewReader(data)})
	if err != nil {
		return b.failed("write", key, err)
	}
	return nil
}

// ListState returns the keys that begin with prefix, sorted.
func (b *StateBucket) ListState(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: aws.String(b.prefix + prefix)})
	for o, err := range items(ctx, pages, func(p *s3.ListObjectsV2Output) []types.Object { return p.Contents }) {
		if err != nil {
			return nil, b.failed("list", prefix, err)
		}
		keys = append(keys, strings.TrimPrefix(aws.ToString(o.Key), b.prefix))
	}
	return keys, nil
}

// DeleteState removes a file; it is no error when it is gone.
func (b *StateBucket) DeleteState(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: aws.String(b.prefix + key)})
	if err != nil {
		return b.failed("delete", key, err)
	}
	return nil
}
