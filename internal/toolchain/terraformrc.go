package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// configFile is Terraform's CLI configuration for the project's processes.
func (m *machine) configFile() string { return filepath.Join(m.dir, "terraform.rc") }

// writeConfig points Terraform at the mirror that has the provider.
func (m *machine) writeConfig(say progress) error {
	if !m.staleConfig() {
		return nil
	}
	say("writing %s", m.configFile())
	if err := os.WriteFile(m.configFile(), []byte(m.config()), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("write Terraform's configuration: %w", err)
	}
	return nil
}

// staleConfig says that the file is not what config would be now.
func (m *machine) staleConfig() bool {
	content, err := os.ReadFile(m.configFile())
	return err != nil || string(content) != m.config()
}

// config takes mirrored providers from the mirror only, as Terraform would
// otherwise ask the registry too and fail without a network. Others are
// downloaded.
func (m *machine) config() string {
	for _, place := range m.mirrors() {
		if place.provider(m) != "" {
			return configFor(place)
		}
	}
	return ""
}

func configFor(place mirror) string {
	var names []string
	for _, name := range place.providers() {
		names = append(names, fmt.Sprintf("%q", name))
	}
	mirrored := strings.Join(names, ", ")
	return fmt.Sprintf(`# Written by make setup.
disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path    = %q
    include = [%s]
  }
  direct {
    exclude = [%s]
  }
}
`, place.folder, mirrored, mirrored)
}
