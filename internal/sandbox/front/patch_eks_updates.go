package front

import (
	"maps"
	"slices"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// kubernetesUpdate is a change that a cluster, or what is named of it, is going
// through.
type kubernetesUpdate struct {
	phase

	id, kind, of string
	parameters   map[string]string
}

// update begins a change of the cluster, or of a group or add-on of it.
func (k *kubernetesCluster) update(m moment, kind, of string, parameters map[string]string) map[string]any {
	if of == "" {
		k.change(m, "UPDATING")
	}
	u := &kubernetesUpdate{phase: begun(m, "InProgress"), id: m.uuid(), kind: kind, of: of, parameters: parameters}
	k.updates[u.id] = u
	return map[string]any{"update": u.describe(m)}
}

func (u *kubernetesUpdate) describe(m moment) map[string]any {
	parameters := []map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(u.parameters)) {
		parameters = append(parameters, map[string]string{"type": name, "value": u.parameters[name]})
	}
	return map[string]any{
		"id": u.id, "status": u.status(m, "Successful"), "type": u.kind, "params": parameters, "createdAt": unix(u.created), "errors": []any{},
	}
}

// updated is the group or add-on whose updates a call asks about; "" is the
// cluster.
func updated(c wire.Call) string {
	query := c.URL.Query()
	if name := query.Get("nodegroupName"); name != "" {
		return "nodegroup/" + name
	}
	if name := query.Get("addonName"); name != "" {
		return "addon/" + name
	}
	return ""
}

func describeKubernetesUpdate(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	u := k.updates[pathArg(c, "updates")]
	if u == nil || u.of != updated(c) {
		return nil, kubernetesMissing("No update found for ID: " + pathArg(c, "updates"))
	}
	return map[string]any{"update": u.describe(m)}, nil
}

func listKubernetesUpdates(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, u := range sorted(k.updates) {
		if u.of == updated(c) {
			ids = append(ids, u.id)
		}
	}
	return map[string]any{"updateIds": ids}, nil
}
