package front

import (
	"bytes"
	"context"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// autoscalingPatches settle scaling policies: the emulator answers an empty
// predictive configuration and does not say that a policy is enabled, which
// providers take for drift that never ends.
func autoscalingPatches() []patch {
	return []patch{{service: "autoscaling", action: "DescribePolicies", answer: settlePolicies}}
}

func settlePolicies(_ context.Context, _ *Front, _ wire.Call, body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("<PredictiveScalingConfiguration/>"), nil)
	if bytes.Contains(body, []byte("<Enabled>")) {
		return body
	}
	return bytes.ReplaceAll(body, []byte("</PolicyARN>"), []byte("</PolicyARN><Enabled>true</Enabled>"))
}
