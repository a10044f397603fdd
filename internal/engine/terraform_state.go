package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/aegisworld/aegis"
)

// tfState is the part of a state file, version 4, that is looked at here.
type tfState struct {
	Version          int    `json:"version"`
	TerraformVersion string `json:"terraform_version"`
	Serial           int64  `json:"serial"`
	Lineage          string `json:"lineage"`
	Outputs          map[string]struct {
		Value     any  `json:"value"`
		Sensitive bool `json:"sensitive"`
	} `json:"outputs"`
	Resources []tfResource `json:"resources"`
	addresses map[string]bool
}

type tfResource struct {
	Module    string       `json:"module"`
	Mode      string       `json:"mode"`
	Type      string       `json:"type"`
	Name      string       `json:"name"`
	Provider  string       `json:"provider"`
	Instances []tfInstance `json:"instances"`
}

type tfInstance struct {
	IndexKey      any    `json:"index_key"`
	Status        string `json:"status"`
	Deposed       string `json:"deposed"`
	SchemaVersion int64  `json:"schema_version"`
	// Attributes are decoded for the index only.
	Attributes json.RawMessage `json:"attributes"`
	Private    []byte          `json:"private"`
}

// decodeState decodes a state and checks that no resource is there twice. An
// empty one is the state of nothing.
func decodeState(data []byte) (tfState, error) {
	s := tfState{addresses: map[string]bool{}}
	if len(data) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%w: %w", aegis.ErrStateCorrupt, err)
	}
	if s.Version > 4 {
		return s, fmt.Errorf("the state has format version %d, which is newer than what is understood here (4): %w", s.Version, aegis.ErrInvalid)
	}
	if s.Version != 4 || s.Lineage == "" {
		return s, fmt.Errorf("%w: version %d, lineage %q", aegis.ErrStateCorrupt, s.Version, s.Lineage)
	}
	for _, r := range s.Resources {
		for _, i := range r.Instances {
			address := instanceAddress(r.Module, r.Mode, r.Type, r.Name, i.IndexKey)
			if i.Deposed != "" {
				continue
			}
			if s.addresses[address] {
				return s, fmt.Errorf("%w: %s is there twice", aegis.ErrStateCorrupt, address)
			}
			s.addresses[address] = true
		}
	}
	return s, nil
}

// managed counts the resource instances that Terraform manages.
func (s tfState) managed() int {
	n := 0
	for _, r := range s.Resources {
		if r.Mode == "managed" {
			n += len(r.Instances)
		}
	}
	return n
}

// outputs are the state's outputs, secrets masked.
func (s tfState) outputs() map[string]any {
	out := make(map[string]any, len(s.Outputs))
	for k, o := range s.Outputs {
		out[k] = o.Value
		if o.Sensitive {
			out[k] = aegis.Masked
		}
	}
	return out
}

// stateNow pulls and decodes the state.
func (w *tfWorkspace) stateNow(ctx context.Context) (tfState, error) {
	snap, err := w.pull(ctx)
	if err != nil && !isNotFound(err) {
		return tfState{}, err
	}
	return decodeState(snap.Data)
}

func instanceAddress(module, mode, typ, name string, index any) string {
	address := typ + "." + name
	if mode == "data" {
		address = "data." + address
	}
	if module != "" {
		address = module + "." + address
	}
	switch k := index.(type) {
	case string:
		key, _ := json.Marshal(k) //nolint:errchkjson // a string
		return address + "[" + string(key) + "]"
	case float64:
		return fmt.Sprintf("%s[%d]", address, int(k))
	default:
		return address
	}
}

// pull reads the state, whichever backend it is in.
func (w *tfWorkspace) pull(ctx context.Context) (Snapshot, error) {
	snap := Snapshot{StackID: w.run.Stack.StackID, TakenAt: w.cfg.Now().UTC()}
	data, err := w.output(ctx, "state", "pull", "-no-color")
	switch {
	case err != nil && newerState(err):
		return snap, fmt.Errorf("%w: %w", aegis.ErrInvalid, w.failure("read the state", err, nil))
	case err != nil && unreadable(err):
		return snap, fmt.Errorf("%w: %w", aegis.ErrStateCorrupt, w.failure("read the state", err, nil))
	case err != nil:
		return snap, w.failure("read the state", err, nil)
	case len(bytes.TrimSpace(data)) == 0 || blank(data):
		return snap, fmt.Errorf("state of stack %s: %w", w.run.Stack.StackID, aegis.ErrNotFound)
	}
	if _, err := decodeState(data); err != nil {
		return snap, err
	}
	snap.Data = data
	return snap, nil
}

// blank says that a state is the one that Terraform shows where a remote backend
// has none.
func blank(data []byte) bool {
	var s tfState
	return json.Unmarshal(data, &s) == nil && s.Version == 4 && s.Lineage == "" && len(s.Resources) == 0
}

// newerState recognises a state that a newer Terraform wrote.
func newerState(err error) bool {
	return regexp.MustCompile(`(?is)uses format version \d+, which is not supported|newer than (the )?current|` +
		`created by (a newer|Terraform v).*newer`).MatchString(told(err.Error()))
}

// unreadable recognises Terraform's complaints about a broken state file.
func unreadable(err error) bool {
	return regexp.MustCompile(`(?i)could not be (parsed|decoded)|state file .*(corrupt|invalid)|` +
		`[Uu]nsupported state|not.{1,10}valid JSON|Invalid.*state|syntax error in|does not support state version`).MatchString(err.Error())
}

// push replaces the state. A local state that cannot even be read is replaced
// as a file, as Terraform refuses to overwrite what it cannot read.
func (w *tfWorkspace) push(ctx context.Context, data []byte) error {
	if err := w.place.write(w.dir, "push.tfstate", data); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	_, err := w.terraform(ctx, nil, "state", "push", "-no-color", "-force", lockTimeout, w.path("push.tfstate"))
	if err == nil {
		return nil
	}
	if w.local != nil {
		if err := w.place.write(w.home, w.local.copied, data); err != nil {
			return fmt.Errorf("write state: %w", err)
		}
		return nil
	}
	return w.failure("write the state", err, nil)
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (t *terraformEngine) snapshot(ctx context.Context, run aegis.StackRun) (Snapshot, error) {
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return Snapshot{}, err
	}
	defer w.close()
	return w.pull(ctx)
}

func (t *terraformEngine) restore(ctx context.Context, run aegis.StackRun, snap Snapshot) error {
	if snap.StackID != run.Stack.StackID {
		return aegis.Invalid("snapshot", fmt.Sprintf("belongs to stack %q", snap.StackID))
	}
	if _, err := decodeState(snap.Data); err != nil {
		return fmt.Errorf("snapshot of %s: %w", snap.TakenAt, err)
	}
	w, err := t.open(ctx, run, writes)
	if err != nil {
		return err
	}
	defer w.close()
	err = w.holding(ctx, func() error { return w.push(ctx, snap.Data) })
	return errors.Join(err, w.local.commit())
}

func (t *terraformEngine) resources(ctx context.Context, run aegis.StackRun) ([]aegis.IndexedResource, error) {
	snap, err := t.snapshot(ctx, run)
	if err != nil {
		return nil, err
	}
	state, err := decodeState(snap.Data)
	return state.index(run.Stack), err
}

func (t *terraformEngine) outputs(ctx context.Context, run aegis.StackRun) (map[string]any, error) {
	w, err := t.open(ctx, run, reads)
	if err != nil {
		return nil, err
	}
	defer w.close()
	snap, err := w.pull(ctx)
	if err != nil {
		return nil, err
	}
	state, err := decodeState(snap.Data)
	return state.outputs(), err
}
