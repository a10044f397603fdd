package front

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// dynamodbPatches give tables replicas: each is a table in its region's
// emulator, and the group is noted. Items are not copied.
func dynamodbPatches() []patch {
	return []patch{
		{service: "dynamodb", action: "UpdateTable", serve: updateTable, note: noteReplicas},
		{service: "dynamodb", action: "DescribeTable", answer: tellReplicas},
		{service: "dynamodb", action: "DeleteTable", note: func(n *notes, c wire.Call) {
			n.set(c.Region, replicaFact(bodyOf[tableUpdate](c).TableName), "")
		}},
	}
}

type tableUpdate struct {
	TableName      string          `json:"TableName"`
	ReplicaUpdates []replicaUpdate `json:"ReplicaUpdates"`
}

type replicaUpdate struct {
	Create, Update *replica
	Delete         *replica
}

type replica struct {
	RegionName     string `json:"RegionName"`
	KMSMasterKeyID string `json:"KMSMasterKeyId,omitempty"`
}

func replicaFact(table string) string { return "replicas of " + table }

// replicasOf are the regions of a table's group, each with its key, seen from
// one of them; empty for a table of one region.
func (n *notes) replicasOf(region, table string) map[string]string {
	group := map[string]string{}
	_ = json.Unmarshal([]byte(n.get(region, replicaFact(table))), &group) // "" is none
	return group
}

// noteReplicas notes the group in each of its regions.
func noteReplicas(n *notes, c wire.Call) {
	t := bodyOf[tableUpdate](c)
	if len(t.ReplicaUpdates) == 0 {
		return
	}
	group := n.replicasOf(c.Region, t.TableName)
	group[c.Region] = ""
	for _, update := range t.ReplicaUpdates {
		switch {
		case update.Delete != nil:
			delete(group, update.Delete.RegionName)
			n.set(update.Delete.RegionName, replicaFact(t.TableName), "")
		case update.Create != nil:
			group[update.Create.RegionName] = update.Create.KMSMasterKeyID
		case update.Update != nil:
			group[update.Update.RegionName] = update.Update.KMSMasterKeyID
		}
	}
	text := ""
	if len(group) > 1 {
		encoded, _ := json.Marshal(group) //nolint:errchkjson // strings
		text = string(encoded)
	}
	for region := range group {
		n.set(region, replicaFact(t.TableName), text)
	}
}

// updateTable makes and deletes replicas; whatever else a call changes is the
// emulator's.
func updateTable(ctx context.Context, f *Front, c wire.Call) (wire.Response, error) {
	t := bodyOf[tableUpdate](c)
	home, fault := f.home(c)
	if fault != nil {
		return wire.Response{}, fault
	}
	if len(t.ReplicaUpdates) == 0 {
		return home.do(ctx, c)
	}
	standing, err := f.describeTable(ctx, c.Region, t.TableName)
	if err != nil {
		return refused(c, err)
	}
	for _, update := range t.ReplicaUpdates {
		switch {
		case update.Create != nil:
			err = f.makeReplica(ctx, c.Region, standing, *update.Create)
		case update.Delete != nil:
			err = f.dropReplica(ctx, c.Region, t.TableName, update.Delete.RegionName)
		}
		if err != nil {
			return refused(c, err)
		}
	}
	standing["TableStatus"] = "UPDATING"
	return encode(c, map[string]any{"TableDescription": standing})
}

func (f *Front) tableCall(ctx context.Context, region, action string, in any) (wire.Response, error) {
	c, err := askJSON("dynamodb", region, "DynamoDB_20120810."+action, in)
	if err != nil {
		return wire.Response{}, err
	}
	return f.perform(ctx, c)
}

func (f *Front) describeTable(ctx context.Context, region, name string) (map[string]any, error) {
	resp, err := f.tableCall(ctx, region, "DescribeTable", map[string]string{"TableName": name})
	if err != nil {
		return nil, err
	}
	var found struct{ Table map[string]any }
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &found) != nil {
		return nil, apiError("ResourceNotFoundException", http.StatusBadRequest, "Requested resource not found: Table: "+name+" not found")
	}
	return found.Table, nil
}

func (f *Front) makeReplica(ctx context.Context, region string, standing map[string]any, r replica) error {
	name, _ := standing["TableName"].(string)
	if f.byName[r.RegionName] == nil || r.RegionName == region {
		return apiError("ValidationException", http.StatusBadRequest, "The region "+r.RegionName+" can have no replica of a table in "+region+".")
	}
	if _, err := f.describeTable(ctx, r.RegionName, name); err == nil {
		return apiError("ValidationException", http.StatusBadRequest, "Failed to create the new replica of table "+name+" in "+r.RegionName+": a table with this name exists.")
	}
	if r.KMSMasterKeyID != "" && !f.keyExists(ctx, r.RegionName, r.KMSMasterKeyID) {
		return apiError("ValidationException", http.StatusBadRequest, "The KMS key "+r.KMSMasterKeyID+" does not exist in "+r.RegionName+".")
	}
	in := map[string]any{"StreamSpecification": map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
	for _, part := range []string{"TableName", "AttributeDefinitions", "KeySchema"} {
		in[part] = standing[part]
	}
	in["BillingMode"] = "PAY_PER_REQUEST"
	if r.KMSMasterKeyID != "" {
		in["SSESpecification"] = map[string]any{"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": r.KMSMasterKeyID}
	}
	resp, err := f.tableCall(ctx, r.RegionName, "CreateTable", in)
	if err == nil && resp.Status != http.StatusOK {
		err = fmt.Errorf("the emulator answers CreateTable with status %d", resp.Status)
	}
	return err
}

func (f *Front) dropReplica(ctx context.Context, region, name, from string) error {
	if _, there := f.notes.replicasOf(region, name)[from]; !there || from == region {
		return apiError("ReplicaNotFoundException", http.StatusBadRequest, "The table "+name+" has no replica in "+from+".")
	}
	resp, err := f.tableCall(ctx, from, "DeleteTable", map[string]string{"TableName": name})
	if err == nil && resp.Status != http.StatusOK {
		err = apiError("ValidationException", http.StatusBadRequest, "The replica of table "+name+" in "+from+" can't be deleted.")
	}
	return err
}

// tellReplicas adds the other regions' replicas to a table's description.
func tellReplicas(_ context.Context, f *Front, c wire.Call, body []byte) []byte {
	group := f.notes.replicasOf(c.Region, bodyOf[tableUpdate](c).TableName)
	if len(group) == 0 {
		return body
	}
	replicas := []any{}
	for _, region := range slices.Sorted(maps.Keys(group)) {
		if region == c.Region {
			continue
		}
		one := map[string]any{"RegionName": region, "ReplicaStatus": "ACTIVE"}
		if key := group[region]; key != "" {
			one["KMSMasterKeyId"] = key
		}
		replicas = append(replicas, one)
	}
	return edited(body, func(answer map[string]any) {
		if table, ok := answer["Table"].(map[string]any); ok {
			table["Replicas"], table["GlobalTableVersion"] = replicas, "2019.11.21"
		}
	})
}
