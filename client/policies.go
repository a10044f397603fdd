package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aegisworld/aegis"
)

// Simulate asks what a candidate policy bundle would decide. It is asked once:
// a simulation that took too long would take as long again.
func (c *Client) Simulate(ctx context.Context, r aegis.SimulationRequest) (aegis.Simulation, error) {
	var out aegis.Simulation
	body, err := json.Marshal(r)
	if err != nil {
		return out, fmt.Errorf("encode the request: %w", err)
	}
	err = c.once(ctx, http.MethodPost, "/v1/policies/simulate", nil, "", body, &out)
	return out, err
}
