package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aegisworld/aegis"
)

func (s *server) previewRoute() {
	handle(s, huma.Operation{
		OperationID: "preview-goal", Method: http.MethodPost, Path: "/v1/goals/preview", Tags: []string{"goals"},
		Summary: "Say what a goal would come to",
		Description: "Plans it, has engines plan its tasks and policy judge the plans. Nothing is stored, proposed or changed. " +
			"A preview that takes too long is a problem of kind timeout.",
		DefaultStatus:   http.StatusOK,
		BodyReadTimeout: -1, // whose deadline would end the request itself; limitBody has read the body
	}, s.previewGoal)
}

type previewInput struct {
	Body GoalRequest
}

func (s *server) previewGoal(ctx context.Context, in *previewInput) (*itemOutput[aegis.GoalPreview], error) {
	if s.Previewer == nil {
		return nil, fmt.Errorf("preview goals: %w", aegis.ErrNotImplemented)
	}
	goal, err := s.newGoal(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	goal.GoalID = ""
	return within(ctx, s.SimulateTimeout, "the preview did not end within %s; try a goal about fewer stacks",
		func(ctx context.Context) (aegis.GoalPreview, error) {
			return s.Previewer.Preview(ctx, goal.GoalSpec, principal(ctx).Name)
		})
}
