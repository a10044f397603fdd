package front

import (
	"net/http"
	"sync"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// bucketMap knows the region of each bucket: names are global, buckets are not.
type bucketMap struct {
	mu      sync.RWMutex
	regions map[string]string
}

func newBucketMap() *bucketMap { return &bucketMap{regions: map[string]string{}} }

func (b *bucketMap) region(name string) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.regions[name]
}

func (b *bucketMap) put(name, region string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.regions[name] = region
}

func (b *bucketMap) remove(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.regions, name)
}

func (b *bucketMap) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.regions)
}

// elsewhere is S3's answer to a call that was signed for another region than
// the bucket's; SDKs follow it. It is nil when the bucket is here or nowhere.
func (f *Front) elsewhere(c wire.Call, requestID string) *wire.Response {
	at := f.buckets.region(c.Bucket())
	if c.Protocol != wire.S3 || at == "" || at == c.Region {
		return nil
	}
	fault := &wire.APIError{
		Code: "PermanentRedirect", Status: http.StatusMovedPermanently,
		Message: "The bucket you are attempting to access must be addressed using the specified endpoint.",
	}
	if c.Action == "CreateBucket" {
		fault = &wire.APIError{
			Code: "BucketAlreadyOwnedByYou", Status: http.StatusConflict,
			Message: "Your previous request to create the named bucket succeeded and you already own it.",
		}
	}
	resp := c.Fail(fault, requestID)
	resp.Header.Set("X-Amz-Bucket-Region", at)
	return &resp
}
