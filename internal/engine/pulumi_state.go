package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/aegisworld/aegis"
)

// checkpoint is the content of a stack's state file, the parts that matter.
// Latest has the rest in raw form, so that writing back loses nothing.
type checkpoint struct {
	Version    int `json:"version"`
	Checkpoint struct {
		Stack  string          `json:"stack"`
		Latest json.RawMessage `json:"latest"`
	} `json:"checkpoint"`
}

// deployment is the part of a state that is looked at here.
type deployment struct {
	Resources         []apitype.ResourceV3  `json:"resources"`
	PendingOperations []apitype.OperationV2 `json:"pending_operations"`
	// SecretsProviders says how the secrets in it are encrypted.
	SecretsProviders apitype.SecretsProvidersV1 `json:"secrets_providers"`
}

const maxState = 256 << 20

// lockKeys is how the keys of a stack's locks begin.
func lockKeys(project, stack string) string {
	return ".pulumi/locks/organization/" + project + "/" + stack + "/"
}

// urnsOf are the URNs of the resources at the addresses, as far as there are any.
func (d deployment) urnsOf(addresses []string) []string {
	var urns []string
	for _, r := range d.Resources {
		if slices.Contains(addresses, addressOf(string(r.URN))) && !r.Delete {
			urns = append(urns, string(r.URN))
		}
	}
	return urns
}

func (p *pulumiEngine) stateKeys(stack string) []string {
	base := ".pulumi/stacks/" + p.cfg.Project + "/" + stack + ".json"
	return []string{base + ".gz", base}
}

// readState returns the key and the plain content of a stack's state.
func (p *pulumiEngine) readState(ctx context.Context, run aegis.StackRun) (key string, data []byte, err error) {
	if p.cfg.States == nil {
		data, err = p.export(ctx, run)
		return "", data, err
	}
	for _, key := range p.stateKeys(p.name(run)) {
		data, err = p.cfg.States.ReadState(ctx, key)
		if err == nil {
			data, err = plainState(data)
			return key, data, err
		}
		if !errors.Is(err, aegis.ErrNotFound) {
			return "", nil, fmt.Errorf("read state: %w", err)
		}
	}
	return "", nil, fmt.Errorf("state of stack %s: %w", run.Stack.StackID, aegis.ErrNotFound)
}

// plainState undoes the compression, if any.
func plainState(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack state: %w: %w", aegis.ErrStateCorrupt, err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxState))
	if err != nil {
		return nil, fmt.Errorf("unpack state: %w: %w", aegis.ErrStateCorrupt, err)
	}
	return plain, nil
}

// writeState replaces a stack's state.
func (p *pulumiEngine) writeState(ctx context.Context, run aegis.StackRun, key string, data []byte) error {
	if p.cfg.States == nil {
		return p.importState(ctx, run, data)
	}
	if key == "" {
		key = p.stateKeys(p.name(run))[0]
	}
	if bytes.HasSuffix([]byte(key), []byte(".gz")) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(data) // a buffer takes all
		_ = z.Close()
		data = b.Bytes()
	}
	if err := p.cfg.States.WriteState(ctx, key, data); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// export and importState go through the CLI, for backends whose files are out
// of reach.
func (p *pulumiEngine) export(ctx context.Context, run aegis.StackRun) ([]byte, error) {
	s, err := p.openState(ctx, run)
	if err != nil {
		return nil, err
	}
	defer s.close()
	// The Automation API's own Export shows the secrets.
	out, text, _, err := s.command.Run(ctx, s.dir, nil, nil, nil, nil, "stack", "export", "--stack", run.Stack.StackID)
	if err != nil {
		err = s.failure(fmt.Errorf("export: %w: %s", err, text), nil)
		if noStack(err) {
			return nil, fmt.Errorf("state of stack %s: %w", run.Stack.StackID, aegis.ErrNotFound)
		}
		return nil, err
	}
	var u apitype.UntypedDeployment
	if err := json.Unmarshal([]byte(out), &u); err != nil {
		return nil, fmt.Errorf("export state: %w: %w", aegis.ErrStateCorrupt, err)
	}
	c := checkpoint{Version: u.Version}
	c.Checkpoint.Latest = u.Deployment
	return json.Marshal(c)
}

func (p *pulumiEngine) importState(ctx context.Context, run aegis.StackRun, data []byte) error {
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	s, err := p.openState(ctx, run)
	if err != nil {
		return err
	}
	defer s.close()
	err = s.orCreate(ctx, func() error {
		return s.stack.Import(ctx, apitype.UntypedDeployment{Version: c.Version, Deployment: c.Checkpoint.Latest})
	})
	if err != nil {
		return s.failure(err, nil)
	}
	return nil
}

// parse decodes a state and checks its integrity: URNs are unique, parents,
// providers and dependencies come before what needs them.
func parse(data []byte) (checkpoint, deployment, error) {
	var c checkpoint
	var d deployment
	if err := json.Unmarshal(data, &c); err != nil {
		return c, d, fmt.Errorf("%w: %w", aegis.ErrStateCorrupt, err)
	}
	if c.Version < 3 {
		return c, d, fmt.Errorf("%w: version %d", aegis.ErrStateCorrupt, c.Version)
	}
	if len(c.Checkpoint.Latest) > 0 {
		if err := json.Unmarshal(c.Checkpoint.Latest, &d); err != nil {
			return c, d, fmt.Errorf("%w: %w", aegis.ErrStateCorrupt, err)
		}
	}
	return c, d, d.check()
}

func (d deployment) check() error {
	seen := map[string]bool{}
	for _, r := range d.Resources {
		urn := string(r.URN)
		if urn == "" || r.Type == "" {
			return fmt.Errorf("%w: a resource has no name", aegis.ErrStateCorrupt)
		}
		if seen[urn] && !r.Delete {
			return fmt.Errorf("%w: %s is there twice", aegis.ErrStateCorrupt, addressOf(urn))
		}
		if r.Parent != "" && !seen[string(r.Parent)] {
			return fmt.Errorf("%w: the parent of %s is missing", aegis.ErrStateCorrupt, addressOf(urn))
		}
		for _, dep := range r.Dependencies {
			if !seen[string(dep)] {
				return fmt.Errorf("%w: %s depends on %s, which is missing", aegis.ErrStateCorrupt, addressOf(urn), addressOf(string(dep)))
			}
		}
		if !r.Delete {
			seen[urn] = true
		}
	}
	return nil
}

func (p *pulumiEngine) snapshot(ctx context.Context, run aegis.StackRun) (Snapshot, error) {
	_, data, err := p.readState(ctx, run)
	if err != nil {
		return Snapshot{}, err
	}
	if _, _, err := parse(data); err != nil {
		return Snapshot{}, err
	}
	return Snapshot{StackID: run.Stack.StackID, TakenAt: p.cfg.Now().UTC(), Data: data}, nil
}

func (p *pulumiEngine) restore(ctx context.Context, run aegis.StackRun, snap Snapshot) error {
	if snap.StackID != run.Stack.StackID {
		return aegis.Invalid("snapshot", fmt.Sprintf("belongs to stack %q", snap.StackID))
	}
	if _, _, err := parse(snap.Data); err != nil {
		return fmt.Errorf("snapshot of %s: %w", snap.TakenAt, err)
	}
	return p.writeState(ctx, run, "", snap.Data)
}

func (p *pulumiEngine) deployment(ctx context.Context, run aegis.StackRun) (deployment, error) {
	_, data, err := p.readState(ctx, run)
	if err != nil {
		return deployment{}, err
	}
	_, d, err := parse(data)
	return d, err
}

func (p *pulumiEngine) resources(ctx context.Context, run aegis.StackRun) ([]aegis.IndexedResource, error) {
	d, err := p.deployment(ctx, run)
	if err != nil {
		return nil, err
	}
	return d.index(run.Stack), nil
}

func (p *pulumiEngine) outputs(ctx context.Context, run aegis.StackRun) (map[string]any, error) {
	d, err := p.deployment(ctx, run)
	if err != nil {
		return nil, err
	}
	if out := d.outputs(); out != nil {
		return out, nil
	}
	return nil, fmt.Errorf("outputs: %w", aegis.ErrNotFound)
}

// outputs are the stack's, secrets masked; nil when it was never applied.
func (d deployment) outputs() map[string]any {
	for _, r := range d.Resources {
		if r.Type == "pulumi:pulumi:Stack" {
			return plainOutputs(r.Outputs)
		}
	}
	return nil
}
