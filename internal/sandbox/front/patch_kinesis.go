package front

import (
	"encoding/json"

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
	tagged, err := askJSON(c.Service, c.Region, "Kinesis_20131202.AddTagsToStream", made)
	return tagged, err == nil
}
