package front

import (
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// cloudTrailPatches name a trail by its name where the emulator does not know
// it by its ARN.
func cloudTrailPatches() []patch {
	var all []patch
	for _, action := range []string{"DeleteTrail", "StartLogging", "StopLogging", "UpdateTrail"} {
		all = append(all, patch{service: "cloudtrail", action: action, ask: nameTrail("Name")})
	}
	for _, action := range []string{"GetEventSelectors", "GetInsightSelectors", "PutEventSelectors", "PutInsightSelectors"} {
		all = append(all, patch{service: "cloudtrail", action: action, ask: nameTrail("TrailName")})
	}
	return all
}

func nameTrail(field string) func(wire.Call) wire.Call {
	return func(c wire.Call) wire.Call {
		return c.EditJSON(func(body map[string]any) {
			if arn, ok := body[field].(string); ok && strings.HasPrefix(arn, "arn:") {
				body[field] = arn[strings.LastIndexByte(arn, '/')+1:]
			}
		})
	}
}
