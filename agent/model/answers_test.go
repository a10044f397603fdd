package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/agent/model"
)

// shelf keeps answers in memory.
type shelf struct {
	kept   map[[32]byte][]byte
	broken error
	// slips are the times that keeping fails yet.
	slips int
}

func (s *shelf) KeptAnswer(_ context.Context, digest [32]byte) (answer []byte, ok bool, err error) {
	answer, ok = s.kept[digest]
	return answer, ok, s.broken
}

func (s *shelf) KeepAnswer(ctx context.Context, digest [32]byte, answer []byte, _ time.Duration) error {
	if err := errors.Join(ctx.Err(), s.broken); err != nil {
		return err
	}
	if s.slips > 0 {
		s.slips--
		return errors.New("the connection was reset")
	}
	s.kept[digest] = answer
	return nil
}

// process is a router of a process of its own, which shares what is kept.
func process(t *testing.T, s *shelf, o *oracle) (*model.Router, *purse) {
	t.Helper()
	money := newPurse(aDollar)
	r, err := model.New(model.Config{Models: []model.Model{priced(o)}, Ledger: money, Answers: s})
	require.NoError(t, err)
	return r, money
}

func TestAnotherProcessDoesNotPayAgain(t *testing.T) {
	t.Parallel()
	s := &shelf{kept: map[[32]byte][]byte{}}
	request := ask("hello")
	request.Schema = json.RawMessage(`{"type":"object","required":["n"]}`)
	first, _ := process(t, s, says("a", `so: {"n": 1}`))
	paid, err := first.Complete(t.Context(), request, model.Account{})
	require.NoError(t, err)
	require.Positive(t, paid.CostMicros)

	o := says("a", `{"n": 2}`)
	second, money := process(t, s, o)
	free, err := second.Complete(t.Context(), request, model.Account{})
	require.NoError(t, err)
	require.Equal(t, model.Response{Text: paid.Text, JSON: paid.JSON, Model: "m", Provider: "a", Cached: true}, free)
	require.Zero(t, o.calls())
	reserved, spent := money.state()
	require.Zero(t, reserved+spent)

	_, err = second.Complete(t.Context(), ask("another"), model.Account{})
	require.NoError(t, err)
	require.Equal(t, 1, o.calls())
}

func TestAnAnswerIsKeptPastASlip(t *testing.T) {
	t.Parallel()
	s := &shelf{kept: map[[32]byte][]byte{}, slips: 2}
	first, _ := process(t, s, says("a", "ok"))
	_, err := first.Complete(t.Context(), ask("hello"), model.Account{})
	require.NoError(t, err)
	o := says("a", "ok")
	second, _ := process(t, s, o)
	_, err = second.Complete(t.Context(), ask("hello"), model.Account{})
	require.NoError(t, err)
	require.Zero(t, o.calls(), "it was kept in the end")
}

func TestKeptAnswersAreCheckedAsNewOnes(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*shelf){
		"no JSON":              func(s *shelf) { replace(s, `{`) },
		"not by the schema":    func(s *shelf) { replace(s, `{"text":"{\"m\":1}","model":"m","provider":"a"}`) },
		"that can't be read":   func(s *shelf) { s.broken = errors.New("gone") },
		"that are not there":   func(s *shelf) { clear(s.kept) },
		"that are null values": func(s *shelf) { replace(s, `null`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{kept: map[[32]byte][]byte{}}
			request := ask("hello")
			request.Schema = json.RawMessage(`{"type":"object","required":["n"]}`)
			first, _ := process(t, s, says("a", `{"n": 1}`))
			_, err := first.Complete(t.Context(), request, model.Account{})
			require.NoError(t, err)
			spoil(s)
			o := says("a", `{"n": 2}`)
			second, _ := process(t, s, o)
			answer, err := second.Complete(t.Context(), request, model.Account{})
			require.NoError(t, err)
			require.JSONEq(t, `{"n": 2}`, string(answer.JSON))
			require.Equal(t, 1, o.calls())
		})
	}
}

func replace(s *shelf, answer string) {
	for digest := range s.kept {
		s.kept[digest] = []byte(answer)
	}
}

func TestAGoalThatAsksAgainIsToldWhatItPaid(t *testing.T) {
	t.Parallel()
	s := &shelf{kept: map[[32]byte][]byte{}}
	mine := model.Account{Goal: "goal-1", GoalLimitMicros: model.NoLimit}
	first, _ := process(t, s, says("a", "ok"))
	paid, err := first.Complete(t.Context(), ask("hello"), mine)
	require.NoError(t, err)
	require.Positive(t, paid.CostMicros)
	second, money := process(t, s, says("a", "ok"))
	for name, r := range map[string]*model.Router{"the same process": first, "another process": second} {
		again, err := r.Complete(t.Context(), ask("hello"), mine)
		require.NoError(t, err, name)
		require.True(t, again.Cached, name)
		require.Equal(t, paid.CostMicros, again.CostMicros, name)
		other, err := r.Complete(t.Context(), ask("hello"), model.Account{Goal: "goal-2", GoalLimitMicros: model.NoLimit})
		require.NoError(t, err, name)
		require.Zero(t, other.CostMicros, name)
	}
	reserved, spent := money.state()
	require.Zero(t, reserved+spent)
}

// A caller that goes in the middle has paid.
func TestAnAnswerIsKeptForACallerThatIsGone(t *testing.T) {
	t.Parallel()
	s := &shelf{kept: map[[32]byte][]byte{}}
	ctx, cancel := context.WithCancel(t.Context())
	o := &oracle{name: "a", answer: func(context.Context, int, model.Request) (model.Answer, error) {
		cancel()
		return metered("ok"), nil
	}}
	r, _ := process(t, s, o)
	_, err := r.Complete(ctx, ask("hello"), model.Account{})
	require.NoError(t, err)
	require.Len(t, s.kept, 1)
}
