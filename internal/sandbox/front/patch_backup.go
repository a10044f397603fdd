package front

import (
	"context"
	"net/http"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// backupPatches serve AWS Backup's vaults, plans and selections: the emulator
// has no selections, and changes no plan. Nothing is ever backed up, so vaults
// hold no recovery points.
func backupPatches() []patch {
	return append(acts("backup", map[string]act{
		"DescribeBackupVault": describeVault, "DeleteBackupVault": deleteVault,
		"ListBackupVaults": listVaults, "ListRecoveryPointsByBackupVault": listRecoveryPoints,
		"CreateBackupPlan": createPlan, "GetBackupPlan": getPlan, "UpdateBackupPlan": updatePlan,
		"DeleteBackupPlan": deletePlan, "ListBackupPlans": listPlans,
		"CreateBackupSelection": createSelection, "GetBackupSelection": getSelection,
		"DeleteBackupSelection": deleteSelection, "ListBackupSelections": listSelections,
	}, backupTagging().acts()), patch{service: "backup", action: "CreateBackupVault", act: createVault, look: lookForBackupKey})
}

func backupTagging() tagging {
	t := restTagging("Tags")
	t.list, t.read = "ListTags", func(c wire.Call) (tagRequest, error) {
		var in struct {
			Tags       map[string]string
			TagKeyList []string
		}
		err := readJSON(c, &in)
		return tagRequest{arn: max(pathArg(c, "tags"), pathArg(c, "untag")), tags: in.Tags, keys: in.TagKeyList}, err
	}
	t.missing = func(arn string) error {
		return apiError("ResourceNotFoundException", http.StatusBadRequest, "Resource "+arn+" does not exist")
	}
	return t
}

// backupStore holds vaults by region and name, and plans by region and id.
type backupStore struct {
	vaults map[string]*vault
	plans  map[string]*backupPlan
}

func newBackupStore() *backupStore {
	return &backupStore{vaults: map[string]*vault{}, plans: map[string]*backupPlan{}}
}

type vault struct {
	arn, region, name, key string
	created                time.Time
}

type backupPlan struct {
	arn, region, id, version, creator string
	created                           time.Time
	plan                              map[string]any
	selections                        map[string]selection
}

type selection struct {
	id, creator string
	created     time.Time
	selection   map[string]any
}

// lookForBackupKey finds that the vault's own key exists; a vault that names
// none has the one that AWS manages.
func lookForBackupKey(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in struct {
		EncryptionKeyArn string `json:"EncryptionKeyArn"`
	}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if in.EncryptionKeyArn == "" {
		return facts{"key": "arn:aws:kms:" + c.Region + ":" + f.accountID + ":alias/aws/backup"}, nil
	}
	if !f.keyExists(ctx, c.Region, in.EncryptionKeyArn) {
		return nil, apiError("InvalidParameterValueException", http.StatusBadRequest, "The KMS key "+in.EncryptionKeyArn+" does not exist.")
	}
	return facts{"key": in.EncryptionKeyArn}, nil
}

func createVault(s *stores, m moment, c wire.Call) (any, error) {
	var in struct {
		Tags map[string]string `json:"BackupVaultTags"`
	}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	name := pathArg(c, "backup-vaults")
	if s.backup.vaults[c.Region+" "+name] != nil {
		return nil, apiError("AlreadyExistsException", http.StatusBadRequest, "Backup vault with the same name already exists")
	}
	v := &vault{
		arn: s.arn(c, "backup-vault:"+name), region: c.Region, name: name, key: m.facts["key"], created: m.at,
	}
	s.backup.vaults[c.Region+" "+name] = v
	s.tags.set(v.arn, in.Tags)
	return map[string]any{"BackupVaultName": v.name, "BackupVaultArn": v.arn, "CreationDate": unix(v.created)}, nil
}

// vault is the one that the call's path names. AWS hides what is not there
// behind a refusal of access.
func (b *backupStore) vault(c wire.Call) (*vault, error) {
	name := pathArg(c, "backup-vaults")
	v := b.vaults[c.Region+" "+name]
	if v == nil {
		return nil, apiError("ResourceNotFoundException", http.StatusBadRequest, "Backup vault "+name+" does not exist")
	}
	return v, nil
}

func (v *vault) describe() map[string]any {
	return map[string]any{
		"BackupVaultName": v.name, "BackupVaultArn": v.arn, "EncryptionKeyArn": v.key, "CreationDate": unix(v.created),
		"NumberOfRecoveryPoints": 0, "Locked": false, "VaultType": "BACKUP_VAULT", "VaultState": "AVAILABLE",
	}
}

func describeVault(s *stores, _ moment, c wire.Call) (any, error) {
	v, err := s.backup.vault(c)
	if err != nil {
		return nil, err
	}
	return v.describe(), nil
}

func deleteVault(s *stores, _ moment, c wire.Call) (any, error) {
	v, err := s.backup.vault(c)
	if err != nil {
		return nil, err
	}
	delete(s.backup.vaults, v.region+" "+v.name)
	delete(s.tags, v.arn)
	return nil, nil
}

func listVaults(s *stores, _ moment, c wire.Call) (any, error) {
	list := []any{}
	for _, v := range inRegion(s.backup.vaults, c.Region) {
		list = append(list, v.describe())
	}
	return map[string]any{"BackupVaultList": list}, nil
}

func listRecoveryPoints(s *stores, _ moment, c wire.Call) (any, error) {
	if _, err := s.backup.vault(c); err != nil {
		return nil, err
	}
	return map[string]any{"RecoveryPoints": []any{}}, nil
}
