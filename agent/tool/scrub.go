package tool

import (
	"strconv"

	"github.com/aegisworld/aegis/agent/memory"
)

// scrubbed is a JSON value without secrets and control characters in any of its
// strings, names of members included. The name is that of the member that it is the
// value of. Names that become the same are told apart by numbers.
func scrubbed(name string, value any) any {
	switch v := value.(type) {
	case string:
		return memory.ScrubValue(name, v)
	case []any:
		for i := range v {
			v[i] = scrubbed(name, v[i])
		}
		return v
	case map[string]any:
		return scrubbedObject(v)
	default:
		return v
	}
}

func scrubbedObject(v map[string]any) map[string]any {
	out := make(map[string]any, len(v))
	var renamed []string
	for key, item := range v {
		if memory.ScrubSecrets(key) != key {
			renamed = append(renamed, key)
			continue
		}
		out[key] = scrubbed(key, item)
	}
	for _, key := range renamed {
		name := memory.ScrubSecrets(key)
		for i := 2; ; i++ {
			if _, taken := out[name]; !taken {
				break
			}
			name = memory.ScrubSecrets(key) + "_" + strconv.Itoa(i)
		}
		out[name] = scrubbed(key, v[key])
	}
	return out
}
