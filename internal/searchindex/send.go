package searchindex

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/opensearch-project/opensearch-go/v4/opensearchapi"

	"github.com/aegisworld/aegis"
)

// maxBulk bounds the body of a request, in bytes; a domain takes 10 MiB or more.
const maxBulk = 5 << 20

// Name is the sink's name.
func (x *Index) Name() string { return "opensearch" }

// Send indexes events, and the traces and decisions of the change sets that ended
// with them. What it had indexed before is replaced by itself. Days that are no
// longer kept are left out.
func (x *Index) Send(ctx context.Context, events []aegis.Event) error {
	if err := x.prepare(ctx); err != nil {
		return err
	}
	bodies := map[string]*bytes.Buffer{}
	oldest := x.oldest()
	for _, event := range events {
		documents, err := x.documents(ctx, event)
		if err != nil {
			return err
		}
		for _, d := range documents {
			if d.day.Before(oldest) {
				continue
			}
			if err := x.put(ctx, bodies, d); err != nil {
				return err
			}
		}
	}
	for index, body := range bodies {
		if err := x.flush(ctx, index, body); err != nil {
			return err
		}
	}
	return nil
}

// documents are what an event comes to.
func (x *Index) documents(ctx context.Context, event aegis.Event) ([]document, error) {
	d, err := ofEvent(event)
	if err != nil || !ended(event) {
		return []document{d}, err
	}
	more, err := ofChangeSet(ctx, x.options.History, event)
	if err != nil {
		return nil, fmt.Errorf("read what became of %s: %w", event.ID, err)
	}
	return append(more, d), nil
}

// put adds a document to the body for its index, which is sent when it is full.
func (x *Index) put(ctx context.Context, bodies map[string]*bytes.Buffer, d document) error {
	index := x.indexOf(d)
	body := bodies[index]
	if body == nil {
		body = &bytes.Buffer{}
		bodies[index] = body
	}
	action, err := json.Marshal(map[string]any{"index": map[string]string{"_id": d.id}})
	if err != nil {
		return fmt.Errorf("encode the id of document %s: %w", d.id, err)
	}
	if body.Len() > 0 && body.Len()+len(action)+len(d.body)+2 > maxBulk {
		if err := x.flush(ctx, index, body); err != nil {
			return err
		}
	}
	for _, line := range [][]byte{action, d.body} {
		body.Write(line)
		body.WriteByte('\n')
	}
	return nil
}

// flush sends a body and empties it. An error is that of one document at least:
// all come again.
func (x *Index) flush(ctx context.Context, index string, body *bytes.Buffer) error {
	if body.Len() == 0 {
		return nil
	}
	res, err := x.client.Bulk(ctx, opensearchapi.BulkReq{
		Index: index, Body: bytes.NewReader(body.Bytes()), Header: http.Header{"Content-Type": {"application/x-ndjson"}},
		Params: opensearchapi.BulkParams{FilterPath: []string{"errors", "items.*._id", "items.*.status", "items.*.error.type"}},
	})
	if err != nil {
		return unavailable("index into "+index, err)
	}
	body.Reset()
	if !res.Errors {
		return nil
	}
	for _, item := range res.Items {
		for _, answer := range item {
			if answer.Status >= http.StatusMultipleChoices {
				return refused(index, answer)
			}
		}
	}
	return fmt.Errorf("index into %s: OpenSearch reports errors and names none: %w", index, aegis.ErrUnavailable)
}
