package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aegisworld/aegis"
)

// maxLock bounds what is read of a lock, in bytes.
const maxLock = 64 << 10

// StateLock reads, as the run's own session, the lock of a Terraform state in S3:
// the object beside the state, the item of a DynamoDB table, or both, as the
// backend is set. nil is no lock. Other backends' locks are not looked at.
func (c *Cloud) StateLock(ctx context.Context, run aegis.StackRun) (*aegis.StateLock, error) {
	if run.Stack.Source == nil || run.Stack.Source.State == nil {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	at := *run.Stack.Source.State
	if !at.LockFile && at.LockTable == "" {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	readers, err := c.readers(ctx, run.Stack)
	if err != nil {
		return nil, err
	}
	if at.LockFile {
		if lock, err := c.lockFile(ctx, readers, at); err != nil || lock != nil {
			return lock, err
		}
	}
	if at.LockTable == "" {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	return c.lockItem(ctx, readers, at)
}

// lockFile is the object beside the state.
func (c *Cloud) lockFile(ctx context.Context, readers clients, at aegis.StateLocation) (*aegis.StateLock, error) {
	client := s3In(readers.cfg, at.Region)
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
	return lockOf(text), nil
}

// lockItem is that of a DynamoDB table. Beside it, the table has the digest of
// the state, which has no Info.
func (c *Cloud) lockItem(ctx context.Context, readers clients, at aegis.StateLocation) (*aegis.StateLock, error) {
	id := at.Bucket + "/" + at.Key
	client := dynamodb.NewFromConfig(readers.cfg, func(o *dynamodb.Options) { o.Region = at.Region })
	out, err := client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &at.LockTable, ConsistentRead: aws.Bool(true),
		Key: map[string]dynamotypes.AttributeValue{"LockID": &dynamotypes.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		return nil, fmt.Errorf("read the lock %s in table %s: %w: %w", id, at.LockTable, aegis.ErrUnavailable, err)
	}
	info, ok := out.Item["Info"].(*dynamotypes.AttributeValueMemberS)
	if len(out.Item) == 0 || !ok && out.Item["Digest"] != nil {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	if !ok {
		return &aegis.StateLock{}, nil // somebody's, who does not say whose
	}
	return lockOf([]byte(info.Value[:min(len(info.Value), maxLock)])), nil
}

// lockOf is what Terraform wrote about a lock.
func lockOf(text []byte) *aegis.StateLock {
	var lock struct{ ID, Who, Operation, Created string }
	_ = json.Unmarshal(text, &lock) // what it does not say is left out
	return &aegis.StateLock{LockID: lock.ID, Who: lock.Who, Operation: lock.Operation, Created: lock.Created}
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
