package estate_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/estate"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

func drawn(t *testing.T, p stacks.Plan) estate.Estate {
	t.Helper()
	prices, err := pricing.Load()
	require.NoError(t, err)
	e, err := estate.Draw(p, prices)
	require.NoError(t, err)
	return e
}

func small() stacks.Plan {
	return stacks.Plan{Size: stacks.SizeSmall, Environment: "dev", Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"}}
}

func TestDrawPricesEveryStack(t *testing.T) {
	t.Parallel()
	before := drawn(t, small())
	require.Len(t, before.Stacks, 15)
	sum := 0.0
	for _, s := range before.Stacks {
		require.Positive(t, s.Resources)
		require.Empty(t, s.Unpriced, s.StackID)
		sum += s.USDMonth
	}
	require.InDelta(t, sum, before.USDMonth, 0.01)

	p := small()
	p.Stacks = map[string]json.RawMessage{"dev.runtime.us-east-1": json.RawMessage(`{"node_desired":4}`)}
	require.InDelta(t, 2*(0.0208*730+20*0.08), drawn(t, p).USDMonth-before.USDMonth, 0.01, "two more nodes")
}

func TestDrawRefusesAFaultyPlan(t *testing.T) {
	t.Parallel()
	p := small()
	p.Layers = map[string]json.RawMessage{"runtime": json.RawMessage(`{"node_max":0}`)}
	_, err := estate.Draw(p, nil)
	require.ErrorIs(t, err, aegis.ErrInvalid)
	require.ErrorContains(t, err, "dev.runtime.eu-west-1.parameters.node_max")
}

func TestGraphsHaveEveryStackAndArrow(t *testing.T) {
	t.Parallel()
	e := drawn(t, small())
	dot, arrows := e.DOT(), 0
	for _, s := range e.Stacks {
		require.Contains(t, dot, `"`+s.StackID+`" [label=`)
		for _, id := range s.DependsOn {
			require.Contains(t, dot, `"`+id+`" -> "`+s.StackID+`";`)
			arrows++
		}
	}
	require.Equal(t, 11, arrows)

	titles, paths := 0, 0
	for decoder := xml.NewDecoder(strings.NewReader(e.SVG())); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			switch start.Name.Local {
			case "title":
				titles++
			case "path":
				paths++
			}
		}
	}
	require.Equal(t, 1+len(e.Stacks), titles)
	require.Equal(t, 1+arrows, paths, "the arrows and their head")
}

func TestThePilotCostsWhatAPilotMay(t *testing.T) {
	t.Parallel()
	prices, last := map[string]float64{}, 0.0
	for _, size := range stacks.Sizes() {
		e := drawn(t, stacks.Plan{Size: size, Environment: "prod", Regions: []string{"us-east-1", "eu-west-1", "ap-southeast-1"}})
		for _, s := range e.Stacks {
			require.Empty(t, s.Unpriced, s.StackID)
		}
		require.Greater(t, e.USDMonth, last)
		prices[size], last = e.USDMonth, e.USDMonth
	}
	require.Greater(t, prices[stacks.SizePilot], 50_000.0)
	require.Less(t, prices[stacks.SizePilot], 150_000.0)
}
