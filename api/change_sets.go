package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) changeSetRoutes() {
	tags := []string{"changes"}
	handle(s, huma.Operation{
		OperationID: "list-change-sets", Method: http.MethodGet, Path: "/v1/change-sets", Tags: tags,
		Summary: "List change sets",
	}, func(ctx context.Context, in *changeSetQuery) (*listOutput[aegis.AutonomousChangeSet], error) {
		return listOf(s.ChangeSets.ChangeSets(ctx, in.filter(), in.page()))
	})
	handle(s, huma.Operation{
		OperationID: "get-change-set", Method: http.MethodGet, Path: "/v1/change-sets/{change_set_id}", Tags: tags,
		Summary: "Read a change set: its diff, decision, canary, progress and inverse",
	}, func(ctx context.Context, in *ChangeSetPath) (*itemOutput[aegis.AutonomousChangeSet], error) {
		return itemOf(s.ChangeSets.ChangeSet(ctx, in.ChangeSetID))
	})
	handle(s, huma.Operation{
		OperationID: "rollback-change-set", Method: http.MethodPost, Path: "/v1/change-sets/{change_set_id}/rollback", Tags: tags,
		Summary: "Undo a change set by a new one whose patch is the inverse", DefaultStatus: http.StatusAccepted,
	}, s.rollbackChangeSet)
	handle(s, huma.Operation{
		OperationID: "cancel-change-set", Method: http.MethodPost, Path: "/v1/change-sets/{change_set_id}/cancel", Tags: tags,
		Summary: "Stop a change set; what was applied is rolled back", DefaultStatus: http.StatusAccepted,
	}, s.cancelChangeSet)
}

// ChangeSetPath names a change set.
type ChangeSetPath struct {
	ChangeSetID string `path:"change_set_id" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
}

type changeSetQuery struct {
	PageQuery

	State   aegis.PromotionState `query:"state" enum:"proposed,canary,applying,rolling_back,promoted,denied,rolled_back,failed,cancelled"`
	StackID string               `query:"stack_id" maxLength:"128" pattern:"^[A-Za-z0-9._-]+$"`
	GoalID  string               `query:"goal_id" maxLength:"64" pattern:"^[a-z0-9-]+$"`
	Source  aegis.Source         `query:"source" enum:"goal,drift,bootstrap,rollback,reconcile,autoscaling,containment,operator"`
}

func (q changeSetQuery) filter() aegis.ChangeSetFilter {
	return aegis.ChangeSetFilter{State: q.State, StackID: q.StackID, GoalID: q.GoalID, Source: q.Source}
}

type changeSetAction struct {
	ChangeSetPath

	Body *nothing
}

func (s *server) rollbackChangeSet(ctx context.Context, in *changeSetAction) (*createdOutput[aegis.AutonomousChangeSet], error) {
	cs, err := s.Door.Rollback(ctx, in.ChangeSetID, principal(ctx).Name)
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.AutonomousChangeSet]{Location: "/v1/change-sets/" + cs.ChangeSetID, Body: cs}, nil
}

func (s *server) cancelChangeSet(ctx context.Context, in *changeSetAction) (*createdOutput[aegis.AutonomousChangeSet], error) {
	if err := s.Door.Cancel(ctx, in.ChangeSetID, principal(ctx).Name); err != nil {
		return nil, err
	}
	cs, err := s.ChangeSets.ChangeSet(ctx, in.ChangeSetID)
	if err != nil {
		return nil, err
	}
	return &createdOutput[aegis.AutonomousChangeSet]{Location: "/v1/change-sets/" + cs.ChangeSetID, Body: cs}, nil
}
