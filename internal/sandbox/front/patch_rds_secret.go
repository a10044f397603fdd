package front

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// The secret of a managed master password is the emulator's.

// keepMasterSecret is the front's own action that notes a cluster's secret.
const keepMasterSecret = "aegis:KeepMasterSecret"

// makeMasterSecret makes the secret of a cluster whose master password RDS
// manages, with a password that nobody else is told, and notes its ARN.
func makeMasterSecret(ctx context.Context, f *Front, c wire.Call, _ facts) error {
	if c.Form().Get("ManageMasterUserPassword") != "true" {
		return nil
	}
	var password [24]byte
	if _, err := rand.Read(password[:]); err != nil {
		return fmt.Errorf("draw a password: %w", err)
	}
	value, err := json.Marshal(map[string]string{
		"username": c.Form().Get("MasterUsername"), "password": base64.RawURLEncoding.EncodeToString(password[:]),
	})
	if err != nil {
		return fmt.Errorf("encode the master secret: %w", err)
	}
	in := map[string]any{
		"Name": "rds!cluster-" + newUUID(), "SecretString": string(value), "ClientRequestToken": newUUID(),
		"Description": "The secret associated with the primary RDS DB cluster: " + c.Form().Get("DBClusterIdentifier"),
		"Tags":        []map[string]string{{"Key": "aws:secretsmanager:owningService", "Value": "rds"}},
	}
	if key := c.Form().Get("MasterUserSecretKmsKeyId"); key != "" {
		in["KmsKeyId"] = key
	}
	made, err := f.secretsCall(ctx, c.Region, "CreateSecret", in)
	if err != nil {
		return err
	}
	note := askQuery("rds", c.Region, keepMasterSecret, "2014-10-31", map[string]string{
		"DBClusterIdentifier": c.Form().Get("DBClusterIdentifier"), "SecretArn": made.ARN,
	})
	for _, p := range f.patches {
		if p.is(note) {
			_, err = f.act(ctx, note, p)
		}
	}
	return err
}

func keepSecret(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.database.cluster(m, c.Region, c.Form().Get("DBClusterIdentifier"))
	if err == nil {
		k.secret = c.Form().Get("SecretArn")
	}
	return nil, err
}

type madeSecret struct {
	ARN string `json:"ARN"`
}

func (f *Front) secretsCall(ctx context.Context, region, action string, in map[string]any) (madeSecret, error) {
	ask, err := askJSON("secretsmanager", region, "secretsmanager."+action, in)
	if err != nil {
		return madeSecret{}, err
	}
	resp, err := f.perform(ctx, ask)
	if err != nil {
		return madeSecret{}, err
	}
	var made madeSecret
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &made) != nil {
		return made, fmt.Errorf("secrets manager answers %s with status %d", action, resp.Status)
	}
	return made, nil
}

// lookForMasterSecret notes the secret of a cluster that is to be deleted.
func lookForMasterSecret(_ context.Context, f *Front, c wire.Call) (facts, error) {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	k := f.world.stores.database.clusters[c.Region+" "+named(c.Form().Get("DBClusterIdentifier"))]
	if k == nil || k.secret == "" {
		return nil, nil
	}
	return facts{"secret": k.secret}, nil
}

func dropMasterSecret(ctx context.Context, f *Front, c wire.Call, known facts) error {
	if known["secret"] == "" {
		return nil
	}
	_, err := f.secretsCall(ctx, c.Region, "DeleteSecret", map[string]any{"SecretId": known["secret"], "ForceDeleteWithoutRecovery": true})
	return err
}
