package front

import (
	"encoding/json"
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// kinesisPatches give a stream the tags that it was created with, which the
// emulator ignores.
func kinesisPatches() []patch {
	return []patch{{service: "kinesis", action: "CreateStream", follow: tagStream}}
}

func tagStream(c wire.Call) (wire.Call, bool) {
	var made struct {
		StreamName string            `json:"StreamName"`
		Tags       map[string]string `json:"Tags"`
	}
	if err := json.Unmarshal(c.Body, &made); err != nil || len(made.Tags) == 0 {
		return wire.Call{}, false
	}
	body, err := json.Marshal(made)
	if err != nil {
		return wire.Call{}, false
	}
	r := &http.Request{Method: c.Method, URL: c.URL, Header: http.Header{
		"X-Amz-Target": {"Kinesis_20131202.AddTagsToStream"}, "Content-Type": {"application/x-amz-json-1.1"},
	}}
	return wire.Decode(r, body, c.Service, c.Region), true
}
