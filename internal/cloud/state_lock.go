package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// maxLock bounds what is read of a lock, in bytes.
const maxLock = 64 << 10

// StateLock reads, as the run's own session, the lock of a Terraform state in S3
// that keeps its locks beside the state; nil is no lock. Other backends' locks
// are not looked at.
func (c *Cloud) StateLock(ctx context.Context, run aegis.StackRun) (*aegis.StateLock, error) {
	if run.Stack.Source == nil || run.Stack.Source.State == nil || !run.Stack.Source.State.LockFile {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	at := *run.Stack.Source.State
	readers, err := c.readers(ctx, run.Stack)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(readers.cfg, func(o *s3.Options) {
		o.Region, o.UsePathStyle = at.Region, c.base.BaseEndpoint != nil
	})
	key := at.Key + ".tflock"
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.Bucket, Key: &key})
	if _, none := errors.AsType[*types.NoSuchKey](err); none {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read the lock s3://%s/%s: %w: %w", at.Bucket, key, aegis.ErrUnavailable, err)
	}
	defer func() { _ = out.Body.Close() }() // everything of use was read
	text, err := io.ReadAll(io.LimitReader(out.Body, maxLock))
	if err != nil {
		return nil, fmt.Errorf("read the lock s3://%s/%s: %w: %w", at.Bucket, key, aegis.ErrUnavailable, err)
	}
	var lock struct{ ID, Who, Operation, Created string }
	_ = json.Unmarshal(text, &lock) // what it does not say is left out
	return &aegis.StateLock{LockID: lock.ID, Who: lock.Who, Operation: lock.Operation, Created: lock.Created}, nil
}

// stateStatements let a workspace's session reach its own state: read it, and,
// where it may change anything, write it and lock it.
func stateStatements(run aegis.StackRun) []statement {
	if run.Stack.Source == nil || run.Stack.Source.State == nil {
		return nil
	}
	at := run.Stack.Source.State
	if run.Stack.Source.Pulumi() {
		return bucketStatements(run, *at)
	}
	if at.Backend != "s3" || !bucketForm.MatchString(at.Bucket) || !keyForm.MatchString(at.Key) {
		return nil
	}
	objects, table := []string{"s3:GetObject"}, []string{"dynamodb:GetItem", "dynamodb:DescribeTable"}
	if run.Policy != nil {
		objects = append(objects, "s3:PutObject", "s3:DeleteObject")
		table = append(table, "dynamodb:PutItem", "dynamodb:DeleteItem")
	}
	object := "arn:aws:s3:::" + at.Bucket + "/" + at.Key
	out := []statement{{Effect: "Allow", Action: objects, Resource: []string{object, object + ".tflock"}}}
	if tableForm.MatchString(at.LockTable) {
		out = append(out, statement{Effect: "Allow", Action: table, Resource: []string{"arn:aws:dynamodb:*:*:table/" + at.LockTable}})
	}
	return out
}

// bucketStatements let the session of a Pulumi project reach the files of its
// stacks, of which the locks are a part.
func bucketStatements(run aegis.StackRun, at aegis.StateLocation) []statement {
	if at.Backend != "s3" || !bucketForm.MatchString(at.Bucket) || at.Key != "" && !keyForm.MatchString(at.Key) {
		return nil
	}
	actions := []string{"s3:GetObject"}
	if run.Policy != nil {
		actions = append(actions, "s3:PutObject", "s3:DeleteObject")
	}
	files := "arn:aws:s3:::" + at.Bucket + "/"
	if at.Key != "" {
		files += at.Key + "/"
	}
	return []statement{{Effect: "Allow", Action: actions, Resource: []string{files + ".pulumi/*"}}}
}
