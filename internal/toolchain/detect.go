package toolchain

import (
	"context"
	"path/filepath"
)

// Detect finds what there is and writes nothing. What is missing is in the
// report and is no error.
func Detect(ctx context.Context, o Options) (Tools, error) {
	m, err := newMachine(o)
	if err != nil {
		return Tools{}, err
	}
	return m.detect(ctx), nil
}

func (m *machine) detect(ctx context.Context) Tools {
	tools := m.noTools()
	for _, p := range m.wanted() {
		tools.items = append(tools.items, p.look(ctx, m, &tools))
	}
	return tools
}

// noTools holds the folders, which need not exist yet.
func (m *machine) noTools() Tools {
	return Tools{
		Dir:         m.dir,
		PulumiHome:  filepath.Join(m.dir, "pulumi-home"),
		PluginCache: filepath.Join(m.dir, "plugin-cache"),
	}
}
