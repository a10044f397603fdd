package front

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// secretPatches find a secret's replicas: the emulator of the secret's region
// keeps them, and that of the replica's region knows nothing of them.
func secretPatches() []patch {
	return []patch{
		{service: "secretsmanager", action: "CreateSecret", note: noteSecretReplicas},
		{service: "secretsmanager", action: "ReplicateSecretToRegions", note: noteSecretReplicas},
		{service: "secretsmanager", action: "RemoveRegionsFromReplication", note: func(n *notes, c wire.Call) {
			s := bodyOf[secretCall](c)
			for _, region := range s.RemoveReplicaRegions {
				n.set(region, s.fact(), "")
			}
		}},
		{service: "secretsmanager", action: "ListSecrets", answer: listReplicas},
	}
}

// secretCall is what is read of calls on secrets.
type secretCall struct {
	Name                 string
	SecretID             string `json:"SecretId"`
	AddReplicaRegions    []secretReplica
	RemoveReplicaRegions []string
}

type secretReplica struct {
	Region   string
	KMSKeyID string `json:"KmsKeyId"`
}

// fact names the region that keeps the secret where it is a replica.
func (s secretCall) fact() string {
	name := s.Name
	if name == "" {
		name = s.SecretID
	}
	if _, resource, found := strings.Cut(name, ":secret:"); found && len(resource) > suffixLength {
		name = resource[:len(resource)-suffixLength]
	}
	return "replica of secret " + name
}

// suffixLength is what an ARN has after the secret's name, such as "-Ab12Cd".
const suffixLength = 7

func noteSecretReplicas(n *notes, c wire.Call) {
	s := bodyOf[secretCall](c)
	for _, replica := range s.AddReplicaRegions {
		n.set(replica.Region, s.fact(), c.Region)
	}
}

// keeper is the region whose emulator has what the call is about.
func (f *Front) keeper(c wire.Call) string {
	if c.Service == "secretsmanager" {
		if s := bodyOf[secretCall](c); s.SecretID != "" {
			if at := f.notes.get(c.Region, s.fact()); at != "" {
				return at
			}
		}
	}
	return c.Region
}

// checkReplicas refuses replicas that can't be. AWS finds out later, and says so
// in the replica's status.
func (f *Front) checkReplicas(ctx context.Context, c wire.Call) error {
	if c.Service != "secretsmanager" {
		return nil
	}
	invalid := func(text string) error { return apiError("InvalidParameterException", http.StatusBadRequest, text) }
	s := bodyOf[secretCall](c)
	for _, replica := range s.AddReplicaRegions {
		switch {
		case f.byName[replica.Region] == nil || replica.Region == c.Region:
			return invalid("Invalid replica region " + replica.Region + ".")
		case f.notes.get(replica.Region, s.fact()) != "":
			return invalid("The secret has a replica in " + replica.Region + ".")
		case replica.KMSKeyID != "" && !f.keyExists(ctx, replica.Region, replica.KMSKeyID):
			return invalid("The KMS key " + replica.KMSKeyID + " does not exist in " + replica.Region + ".")
		}
	}
	return nil
}

// listReplicas adds the replicas that the other regions' emulators keep for this
// region.
func listReplicas(ctx context.Context, f *Front, c wire.Call, body []byte) []byte {
	return edited(body, func(answer map[string]any) {
		list, _ := answer["SecretList"].([]any)
		for _, name := range f.regions {
			if name == c.Region {
				continue
			}
			var more struct{ SecretList []any }
			resp, err := f.byName[name].do(ctx, c)
			if err == nil && resp.Status == http.StatusOK && json.Unmarshal(resp.Body, &more) == nil {
				list = append(list, more.SecretList...)
			}
		}
		answer["SecretList"] = list
	})
}
