package front

import (
	"maps"
	"net/http"
	"slices"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// The windows of a rule that names none, in minutes.
const (
	startWindow      = 480
	completionWindow = 10080
)

// readPlan reads a plan, checks that its rules name vaults of the region, and
// fills in what AWS does.
func (b *backupStore) readPlan(m moment, c wire.Call) (plan map[string]any, tags map[string]string, creator string, err error) {
	var in struct {
		BackupPlan       map[string]any    `json:"BackupPlan"`
		BackupPlanTags   map[string]string `json:"BackupPlanTags"`
		CreatorRequestID string            `json:"CreatorRequestId"`
	}
	if err := readJSON(c, &in); err != nil {
		return nil, nil, "", err
	}
	rules, _ := in.BackupPlan["Rules"].([]any)
	if name, _ := in.BackupPlan["BackupPlanName"].(string); name == "" || len(rules) == 0 {
		return nil, nil, "", apiError("MissingParameterValueException", http.StatusBadRequest, "A plan needs a name and at least one rule.")
	}
	for _, one := range rules {
		rule, _ := one.(map[string]any)
		target, _ := rule["TargetBackupVaultName"].(string)
		if b.vaults[c.Region+" "+target] == nil {
			return nil, nil, "", apiError("InvalidParameterValueException", http.StatusBadRequest, "Backup vault "+target+" does not exist.")
		}
		for name, value := range map[string]any{
			"ScheduleExpression": "cron(0 5 ? * * *)", "ScheduleExpressionTimezone": "Etc/UTC",
			"StartWindowMinutes": startWindow, "CompletionWindowMinutes": completionWindow,
		} {
			if rule[name] == nil {
				rule[name] = value
			}
		}
		rule["RuleId"] = m.uuid()
	}
	return in.BackupPlan, in.BackupPlanTags, in.CreatorRequestID, nil
}

func (b *backupStore) plan(c wire.Call) (*backupPlan, error) {
	id := pathArg(c, "plans")
	p := b.plans[c.Region+" "+id]
	if p == nil {
		return nil, apiError("ResourceNotFoundException", http.StatusBadRequest, "Cannot find Backup plan with ID "+id)
	}
	return p, nil
}

func (p *backupPlan) brief() map[string]any {
	return map[string]any{
		"BackupPlanId": p.id, "BackupPlanArn": p.arn, "CreationDate": unix(p.created), "VersionId": p.version,
	}
}

func createPlan(s *stores, m moment, c wire.Call) (any, error) {
	plan, tags, creator, err := s.backup.readPlan(m, c)
	if err != nil {
		return nil, err
	}
	id := m.uuid()
	p := &backupPlan{
		arn: s.arn(c, "backup-plan:"+id), region: c.Region, id: id, version: m.letters(48), creator: creator, created: m.at,
		plan: plan, selections: map[string]selection{},
	}
	s.backup.plans[c.Region+" "+id] = p
	s.tags.set(p.arn, tags)
	return p.brief(), nil
}

func getPlan(s *stores, _ moment, c wire.Call) (any, error) {
	p, err := s.backup.plan(c)
	if err != nil {
		return nil, err
	}
	answer := p.brief()
	answer["BackupPlan"] = p.plan
	if p.creator != "" {
		answer["CreatorRequestId"] = p.creator
	}
	return answer, nil
}

func updatePlan(s *stores, m moment, c wire.Call) (any, error) {
	p, err := s.backup.plan(c)
	if err != nil {
		return nil, err
	}
	plan, _, _, err := s.backup.readPlan(m, c)
	if err != nil {
		return nil, err
	}
	p.plan, p.version = plan, m.letters(48)
	return p.brief(), nil
}

func deletePlan(s *stores, m moment, c wire.Call) (any, error) {
	p, err := s.backup.plan(c)
	if err != nil {
		return nil, err
	}
	if len(p.selections) > 0 {
		return nil, apiError("InvalidRequestException", http.StatusBadRequest, "Related backup plan selections must be deleted prior to backup plan deletion")
	}
	delete(s.backup.plans, c.Region+" "+p.id)
	delete(s.tags, p.arn)
	return map[string]any{"BackupPlanId": p.id, "BackupPlanArn": p.arn, "DeletionDate": unix(m.at), "VersionId": p.version}, nil
}

func listPlans(s *stores, _ moment, c wire.Call) (any, error) {
	list := []any{}
	for _, p := range inRegion(s.backup.plans, c.Region) {
		one := p.brief()
		one["BackupPlanName"] = p.plan["BackupPlanName"]
		list = append(list, one)
	}
	return map[string]any{"BackupPlansList": list}, nil
}

func createSelection(s *stores, m moment, c wire.Call) (any, error) {
	p, err := s.backup.plan(c)
	if err != nil {
		return nil, err
	}
	var in struct {
		BackupSelection  map[string]any `json:"BackupSelection"`
		CreatorRequestID string         `json:"CreatorRequestId"`
	}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	name, _ := in.BackupSelection["SelectionName"].(string)
	role, _ := in.BackupSelection["IamRoleArn"].(string)
	if name == "" || role == "" {
		return nil, apiError("MissingParameterValueException", http.StatusBadRequest, "A selection needs a name and a role.")
	}
	for _, other := range p.selections {
		if other.selection["SelectionName"] == name {
			return nil, apiError("AlreadyExistsException", http.StatusBadRequest, "The selection "+name+" exists.")
		}
	}
	one := selection{id: m.uuid(), creator: in.CreatorRequestID, created: m.at, selection: in.BackupSelection}
	p.selections[one.id] = one
	return map[string]any{"SelectionId": one.id, "BackupPlanId": p.id, "CreationDate": unix(m.at)}, nil
}

func (b *backupStore) selection(c wire.Call) (*backupPlan, selection, error) {
	p, err := b.plan(c)
	if err != nil {
		return nil, selection{}, err
	}
	id := pathArg(c, "selections")
	one, ok := p.selections[id]
	if !ok {
		return nil, selection{}, apiError("InvalidParameterValueException", http.StatusBadRequest, "Cannot find Backup selection with ID "+id)
	}
	return p, one, nil
}

func getSelection(s *stores, _ moment, c wire.Call) (any, error) {
	p, one, err := s.backup.selection(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"BackupSelection": one.selection, "SelectionId": one.id, "BackupPlanId": p.id, "CreationDate": unix(one.created),
		"CreatorRequestId": one.creator,
	}, nil
}

func deleteSelection(s *stores, _ moment, c wire.Call) (any, error) {
	p, one, err := s.backup.selection(c)
	if err == nil {
		delete(p.selections, one.id)
	}
	return nil, err
}

func listSelections(s *stores, _ moment, c wire.Call) (any, error) {
	p, err := s.backup.plan(c)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(p.selections)) {
		one := p.selections[id]
		list = append(list, map[string]any{
			"SelectionId": one.id, "SelectionName": one.selection["SelectionName"], "BackupPlanId": p.id,
			"CreationDate": unix(one.created), "IamRoleArn": one.selection["IamRoleArn"],
		})
	}
	return map[string]any{"BackupSelectionsList": list}, nil
}
