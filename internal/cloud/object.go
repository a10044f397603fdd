package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aegisworld/aegis"
)

// Object returns a function that reads an object, s3://BUCKET/KEY?region=R,
// unless it still has the ETag version: then it returns nil and that version.
// It reads as the base identity, up to most bytes.
func (c *Cloud) Object(address string, most int64) (func(ctx context.Context, version string) ([]byte, string, error), error) {
	bucket, key, region, err := c.parseObject(address)
	if err != nil {
		return nil, err
	}
	client := s3In(c.base, region)
	return func(ctx context.Context, version string) ([]byte, string, error) {
		in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
		if version != "" {
			in.IfNoneMatch = &version
		}
		body, next, err := readObject(ctx, client, in, most)
		if err != nil {
			return nil, "", fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
		}
		if body == nil {
			next = version
		}
		return body, next, nil
	}, nil
}

// readObject returns nil for an object that was not modified.
func readObject(ctx context.Context, client *s3.Client, in *s3.GetObjectInput, most int64) ([]byte, string, error) {
	out, err := client.GetObject(ctx, in)
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() == http.StatusNotModified {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = out.Body.Close() }() // everything of use was read
	body, err := io.ReadAll(io.LimitReader(out.Body, most+1))
	if err != nil {
		return nil, "", err
	}
	if int64(len(body)) > most {
		return nil, "", fmt.Errorf("it is larger than %d bytes", most)
	}
	return body, aws.ToString(out.ETag), nil
}

func (c *Cloud) parseObject(address string) (bucket, key, region string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return "", "", "", aegis.Invalid("s3", "give an object as s3://BUCKET/KEY?region=REGION")
	}
	region = u.Query().Get("region")
	if region == "" {
		region = c.cfg.Regions[0]
	}
	return u.Host, strings.TrimPrefix(u.Path, "/"), region, nil
}
