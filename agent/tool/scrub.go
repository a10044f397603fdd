package tool

import (
	"strconv"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/agent/memory"
)

// scrubbed is a JSON value without secrets and control characters in any of its
// strings, names of members included. Secret says that it is the value of a member
// with a secret's name. Names that become the same are told apart by numbers.
func scrubbed(value any, secret bool) any {
	switch v := value.(type) {
	case string:
		if secret && v != "" {
			return aegis.Masked
		}
		return memory.ScrubSecrets(v)
	case []any:
		for i := range v {
			v[i] = scrubbed(v[i], secret)
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
		out[key] = scrubbed(item, memory.SecretName(key))
	}
	for _, key := range renamed {
		name := memory.ScrubSecrets(key)
		for i := 2; ; i++ {
			if _, taken := out[name]; !taken {
				break
			}
			name = memory.ScrubSecrets(key) + "_" + strconv.Itoa(i)
		}
		out[name] = scrubbed(v[key], memory.SecretName(name))
	}
	return out
}
