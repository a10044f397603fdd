package front

import (
	"bytes"
	"context"
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// s3Patches list the buckets of all regions, of which each has its emulator.
func s3Patches() []patch {
	return []patch{{service: "s3", action: "ListBuckets", answer: listEverywhere}}
}

func listEverywhere(ctx context.Context, f *Front, c wire.Call, body []byte) []byte {
	for _, name := range f.regions {
		if name == c.Region {
			continue
		}
		there := c
		there.Region = name
		resp, err := f.byName[name].do(ctx, there)
		if err == nil && resp.Status == http.StatusOK {
			body = addBuckets(body, resp.Body)
		}
	}
	return body
}

// addBuckets puts the second list's buckets into the first.
func addBuckets(body, more []byte) []byte {
	_, rest, found := bytes.Cut(more, []byte("<Buckets>"))
	buckets, _, closed := bytes.Cut(rest, []byte("</Buckets>"))
	if !found || !closed {
		return body
	}
	if before, after, ok := bytes.Cut(body, []byte("</Buckets>")); ok {
		return bytes.Join([][]byte{before, buckets, []byte("</Buckets>"), after}, nil)
	}
	return bytes.Replace(body, []byte("<Buckets/>"), bytes.Join([][]byte{[]byte("<Buckets>"), buckets, []byte("</Buckets>")}, nil), 1)
}
