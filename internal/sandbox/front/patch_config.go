package front

import "github.com/aegisworld/aegis/internal/sandbox/wire"

// configPatches leave out of a recording group the list of excluded types when
// it is empty: the emulator takes that for a contradiction.
func configPatches() []patch {
	return []patch{{service: "config", action: "PutConfigurationRecorder", ask: plainRecordingGroup}}
}

func plainRecordingGroup(c wire.Call) wire.Call {
	return c.EditJSON(func(body map[string]any) {
		recorder, _ := body["ConfigurationRecorder"].(map[string]any)
		group, _ := recorder["recordingGroup"].(map[string]any)
		excluded, _ := group["exclusionByResourceTypes"].(map[string]any)
		if types, _ := excluded["resourceTypes"].([]any); len(types) == 0 {
			delete(group, "exclusionByResourceTypes")
		}
	})
}
