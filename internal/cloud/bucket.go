package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/aegisworld/aegis"
)

// Bucket is what a process keeps in S3, as the base identity. It needs
// s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix, and
// s3:ListBucket on the bucket.
type Bucket struct{ files StateBucket }

var regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// ParseBucket reads s3://BUCKET/PREFIX?region=REGION. It returns an
// aegis.InvalidError for anything else.
func ParseBucket(address string) (bucket, prefix, region string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.User != nil || !bucketForm.MatchString(u.Host) {
		return "", "", "", aegis.Invalid("s3", "give a bucket as s3://BUCKET/PREFIX?region=REGION")
	}
	prefix, region = strings.Trim(u.Path, "/"), u.Query().Get("region")
	if prefix != "" && !keyForm.MatchString(prefix) || region != "" && !regionForm.MatchString(region) {
		return "", "", "", aegis.Invalid("s3", "give a bucket as s3://BUCKET/PREFIX?region=REGION")
	}
	return u.Host, prefix, region, nil
}

// Bucket opens s3://BUCKET/PREFIX?region=REGION; the region is the primary one
// unless it is given.
func (c *Cloud) Bucket(address string) (*Bucket, error) {
	bucket, prefix, region, err := ParseBucket(address)
	if err != nil {
		return nil, err
	}
	if region == "" {
		region = c.cfg.Regions[0]
	}
	if prefix != "" {
		prefix += "/"
	}
	client := s3.NewFromConfig(c.base, func(o *s3.Options) {
		o.Region, o.UsePathStyle = region, c.base.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // a line at each read of what has no checksum
	})
	return &Bucket{StateBucket{client: client, bucket: bucket, prefix: prefix}}, nil
}

// Read returns an object, or aegis.ErrNotFound. Who may list below a prefix only is
// told by S3 that an object which is not there is forbidden, so then the list is
// asked.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	data, err := b.files.ReadState(ctx, key)
	if refusal, ok := errors.AsType[smithy.APIError](err); !ok || refusal.ErrorCode() != "AccessDenied" {
		return data, err
	}
	found, unlisted := b.List(ctx, key)
	if unlisted != nil || slices.Contains(found, key) {
		return nil, err
	}
	return nil, fmt.Errorf("s3://%s/%s%s: %w", b.files.bucket, b.files.prefix, key, aegis.ErrNotFound)
}

// Write creates or replaces an object.
func (b *Bucket) Write(ctx context.Context, key string, data []byte) error {
	return b.files.WriteState(ctx, key, data)
}

// List returns the keys that begin with prefix, sorted.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	return b.files.ListState(ctx, prefix)
}

// Remove removes an object; it is no error when it is gone. In a bucket with
// versions the old ones stay as long as the bucket says.
func (b *Bucket) Remove(ctx context.Context, key string) error { return b.files.DeleteState(ctx, key) }
