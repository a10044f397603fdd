package front

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// What a replica is told of its primary; see emulator/keys.py.
const (
	replicaKeyID = ownHeaders + "Key-Id"
	primaryARN   = ownHeaders + "Primary-Arn"
)

// keyReplication is a call of ReplicateKey.
type keyReplication struct {
	KeyID         string            `json:"KeyId"`
	ReplicaRegion string            `json:"ReplicaRegion"`
	Policy        string            `json:"Policy"`
	Description   string            `json:"Description"`
	Tags          []json.RawMessage `json:"Tags"`
}

// keyMetadata is what is read of a key's description.
type keyMetadata struct {
	KeyID, ARN, KeyState string
	MultiRegion          bool
	Configuration        struct {
		Type       string `json:"MultiRegionKeyType"`
		PrimaryKey struct{ Region string }
	} `json:"MultiRegionConfiguration"`
}

func keyReplicasFact(id string) string {
	return "replicas of key " + id[strings.LastIndexByte(id, '/')+1:]
}

// keyReplicas are the regions of a multi-Region key's replicas, in order.
func (n *notes) keyReplicas(primary, id string) []string {
	return strings.Fields(n.get(primary, keyReplicasFact(id)))
}

func noteKeyReplica(n *notes, c wire.Call) {
	r := bodyOf[keyReplication](c)
	regions := append(n.keyReplicas(c.Region, r.KeyID), r.ReplicaRegion)
	slices.Sort(regions)
	n.set(c.Region, keyReplicasFact(r.KeyID), strings.Join(regions, " "))
}

// replicateKey makes a key with the primary's identity in another region's
// emulator.
func replicateKey(ctx context.Context, f *Front, c wire.Call) (wire.Response, error) {
	r := bodyOf[keyReplication](c)
	primary, err := f.describeKey(ctx, c.Region, r.KeyID)
	if err == nil {
		err = f.replicable(c.Region, r, primary)
	}
	if err != nil {
		return refused(c, err)
	}
	in := map[string]any{"MultiRegion": true, "Description": r.Description, "Tags": r.Tags}
	if r.Policy != "" {
		in["Policy"] = r.Policy
	}
	create, err := askJSON("kms", r.ReplicaRegion, "TrentService.CreateKey", in)
	if err != nil {
		return wire.Response{}, err
	}
	resp, err := f.perform(ctx, withHeader(withHeader(create, replicaKeyID, primary.KeyID), primaryARN, primary.ARN))
	if err != nil || resp.Status >= http.StatusBadRequest {
		return resp, err
	}
	var made struct{ KeyMetadata map[string]any }
	if err := json.Unmarshal(resp.Body, &made); err != nil {
		return wire.Response{}, fmt.Errorf("read the replica of key %s: %w", primary.KeyID, err)
	}
	return encode(c, map[string]any{"ReplicaKeyMetadata": made.KeyMetadata, "ReplicaPolicy": r.Policy, "ReplicaTags": r.Tags})
}

// replicable finds what speaks against the replica.
func (f *Front) replicable(region string, r keyReplication, primary keyMetadata) error {
	switch {
	case !primary.MultiRegion || primary.Configuration.Type != "PRIMARY":
		return apiError("UnsupportedOperationException", http.StatusBadRequest, primary.ARN+" is not a multi-Region primary key.")
	case primary.KeyState != "Enabled":
		return apiError("KMSInvalidStateException", http.StatusBadRequest, primary.ARN+" is in state "+primary.KeyState+".")
	case f.byName[r.ReplicaRegion] == nil || r.ReplicaRegion == region:
		return apiError("ValidationException", http.StatusBadRequest, "The region "+r.ReplicaRegion+" can have no replica of a key in "+region+".")
	case slices.Contains(f.notes.keyReplicas(region, primary.KeyID), r.ReplicaRegion):
		return apiError("AlreadyExistsException", http.StatusBadRequest, "The key "+primary.KeyID+" has a replica in "+r.ReplicaRegion+".")
	}
	return nil
}

func (f *Front) describeKey(ctx context.Context, region, id string) (keyMetadata, error) {
	c, err := askJSON("kms", region, "TrentService.DescribeKey", map[string]string{"KeyId": id})
	if err != nil {
		return keyMetadata{}, err
	}
	resp, err := f.perform(ctx, c)
	if err != nil {
		return keyMetadata{}, err
	}
	var found struct{ KeyMetadata keyMetadata }
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &found) != nil {
		return keyMetadata{}, apiError("NotFoundException", http.StatusBadRequest, "Key "+id+" does not exist.")
	}
	return found.KeyMetadata, nil
}

// tellKeyReplicas lists a multi-Region key's replicas in its description.
func tellKeyReplicas(_ context.Context, f *Front, _ wire.Call, body []byte) []byte {
	var found struct{ KeyMetadata keyMetadata }
	if json.Unmarshal(body, &found) != nil || !found.KeyMetadata.MultiRegion {
		return body
	}
	key, replicas := found.KeyMetadata, []any{}
	for _, region := range f.notes.keyReplicas(key.Configuration.PrimaryKey.Region, key.KeyID) {
		replicas = append(replicas, map[string]string{
			"Arn": "arn:aws:kms:" + region + ":" + f.accountID + ":key/" + key.KeyID, "Region": region,
		})
	}
	return edited(body, func(answer map[string]any) {
		metadata, _ := answer["KeyMetadata"].(map[string]any)
		if configuration, ok := metadata["MultiRegionConfiguration"].(map[string]any); ok {
			configuration["ReplicaKeys"] = replicas
		}
	})
}
