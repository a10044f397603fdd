package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Intent documents one thing that the planner can be asked for.
type Intent struct {
	// Name is stable, such as "runtime.scale".
	Name string `json:"name"`
	// Layer is the layer whose specs it changes, "estate" for ends that several
	// layers serve.
	Layer string `json:"layer"`
	// Summary says what it does, in one sentence.
	Summary string `json:"summary"`
	// Examples are phrasings; any of them is a whole goal.
	Examples []string `json:"examples"`
}

// Intents lists what the planner understands, in the order of the layers.
func Intents() []Intent {
	catalog := catalog()
	intents := make([]Intent, 0, len(catalog))
	for _, in := range catalog {
		intents = append(intents, in.Intent)
	}
	for _, o := range objectives() {
		intents = append(intents, o.Intent)
	}
	return intents
}

// intent is an Intent that can be recognised and carried out.
type intent struct {
	Intent

	// phrasings are patterns; see compilePattern.
	phrasings []string
	// read makes an edit of a match; its error is a refusal.
	read func(args) (edit, error)
	// needs are edits of other layers of the same regions, without which it would
	// not work.
	needs []need
	// primary says that only the primary region's stack does it, for all regions.
	primary bool
}

// need is an edit of another layer.
type need struct {
	layer string
	edit  edit
}

func catalog() []intent {
	return slices.Concat(networkIntents(), securityIntents(), dataIntents(), streamIntents(), bucketIntents(),
		runtimeIntents(), nodeIntents(), edgeIntents(), switchIntents(), tierIntents(), ruleIntents(), endpointIntents(), roleIntents(),
		watchIntents(), guardIntents(), cacheIntents(), databaseIntents(), tableIntents(), secretIntents(), backupIntents(), lockIntents(),
		imageIntents())
}

// edit changes the parameters of one stack.
type edit struct {
	// summary says what is done, such as "scale the runtime to 4 nodes".
	summary string
	// deletes says that it takes something away, disrupts that it interrupts
	// service; constraints may forbid either.
	deletes, disrupts bool
	// apply changes a copy of the parameters and may say more about it.
	apply change
}

// change edits a copy of the parameters.
type change func(parameters json.RawMessage, say func(string)) (json.RawMessage, error)

// on makes an edit's apply from a change of a layer's typed parameters.
func on[T any](alter func(spec *T, say func(string)) error) change {
	return func(parameters json.RawMessage, say func(string)) (json.RawMessage, error) {
		var spec T
		if err := json.Unmarshal(parameters, &spec); err != nil {
			return nil, fmt.Errorf("read parameters: %w", err)
		}
		if err := alter(&spec, say); err != nil {
			return nil, err
		}
		changed, err := json.Marshal(spec)
		if err != nil {
			return nil, fmt.Errorf("write parameters: %w", err)
		}
		return changed, nil
	}
}

// assign makes an edit's apply that only sets something.
func assign[T any](set func(*T)) change {
	return on(func(spec *T, _ func(string)) error {
		set(spec)
		return nil
	})
}

// refusal is an error that the submitter can do something about: it fails the
// goal, while any other error is tried again.
type refusal struct {
	text string
	// unread says that the text is not of the grammar.
	unread bool
}

// Error is what the submitter reads.
func (r *refusal) Error() string { return r.text }

func refuse(format string, values ...any) error {
	return &refusal{text: fmt.Sprintf(format, values...)}
}

// oneOf joins alternatives for a message.
func oneOf(what string, names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return what + ": " + strings.Join(names, ", ")
}
