package engine

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/aegisworld/aegis"
)

// export is an uploaded `pulumi stack export`.
type export struct {
	project, stack string
	// checkpoint is the state as a backend keeps it.
	checkpoint []byte
}

var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// readExport checks an export: it is of one stack, whose name and project its
// resources have, it holds together, and its secrets are encrypted.
func readExport(data []byte) (export, error) {
	bad := func(why string) (export, error) { return export{}, aegis.Invalid("source.state", why) }
	var u apitype.UntypedDeployment
	if err := json.Unmarshal(data, &u); err != nil || len(u.Deployment) == 0 {
		return bad("is no `pulumi stack export`")
	}
	c := checkpoint{Version: u.Version}
	c.Checkpoint.Latest = u.Deployment
	var e export
	var err error
	if e.checkpoint, err = json.Marshal(c); err != nil {
		return bad("is no `pulumi stack export`")
	}
	_, d, err := parse(e.checkpoint)
	if err != nil {
		return bad(err.Error())
	}
	if len(d.Resources) == 0 {
		return bad("has no resources")
	}
	for _, r := range d.Resources {
		parts := strings.SplitN(string(r.URN), "::", 3)
		stack, ok := strings.CutPrefix(parts[0], "urn:pulumi:")
		if len(parts) < 3 || !ok || !stackName.MatchString(stack) || !stackName.MatchString(parts[1]) {
			return bad("has a resource whose URN can't be read")
		}
		if e.stack != "" && (stack != e.stack || parts[1] != e.project) {
			return bad("has resources of several stacks")
		}
		e.stack, e.project = stack, parts[1]
	}
	if bytes.Contains(u.Deployment, []byte(`"plaintext"`)) {
		return bad("has secrets in plain text: export it without --show-secrets")
	}
	return e, nil
}

// secretsOf says how the secrets of a state are encrypted; hidden is whether
// there are any.
func secretsOf(latest json.RawMessage) (provider string, state map[string]string, hidden bool) {
	var d struct {
		SecretsProviders struct {
			Type  string            `json:"type"`
			State map[string]string `json:"state"`
		} `json:"secrets_providers"`
	}
	_ = json.Unmarshal(latest, &d) // parsed before
	return d.SecretsProviders.Type, d.SecretsProviders.State, bytes.Contains(latest, []byte(`"ciphertext"`))
}
