package toolchain

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// mirror is a folder in Terraform's filesystem mirror layout, which is
// HOST/NAMESPACE/TYPE/VERSION/TARGET/ unpacked, or
// HOST/NAMESPACE/TYPE/terraform-provider-TYPE_VERSION_TARGET.zip.
type mirror struct {
	folder string
	origin string
}

// registry is the host part of the layout.
const registry = "registry.terraform.io"

func (m *machine) target() string { return m.goos + "_" + m.arch }

// provider is the unpacked AWS provider in the mirror, or "".
func (r mirror) provider(m *machine) string {
	matches, err := filepath.Glob(filepath.Join(
		r.folder, registry, "hashicorp", "aws", providerVersion, m.target(), "terraform-provider-aws*"))
	if err != nil {
		return ""
	}
	for _, path := range matches {
		if isExecutable(path) {
			return path
		}
	}
	return ""
}

// packed is the archive of the AWS provider in the mirror, or "".
func (r mirror) packed(m *machine) string {
	name := "terraform-provider-aws_" + providerVersion + "_" + m.target() + ".zip"
	if path := filepath.Join(r.folder, registry, "hashicorp", "aws", name); isFile(path) {
		return path
	}
	return ""
}

// providers lists what is mirrored, as "registry.terraform.io/hashicorp/aws".
func (r mirror) providers() []string {
	matches, err := filepath.Glob(filepath.Join(r.folder, registry, "*", "*"))
	if err != nil {
		return nil
	}
	var names []string
	for _, path := range matches {
		if name, err := filepath.Rel(r.folder, path); err == nil && isDir(path) {
			names = append(names, filepath.ToSlash(name))
		}
	}
	return names
}

// mirrors lists the folders that may be mirrors, the most particular first:
// the setting, the user's own configuration, the folders that Terraform
// implies, those usual for optional software, and the project's own.
func (m *machine) mirrors() []mirror {
	var found []mirror
	add := func(origin string, folders ...string) {
		for _, folder := range folders {
			if folder != "" && isDir(filepath.Join(folder, registry)) {
				found = append(found, mirror{folder: folder, origin: origin})
			}
		}
	}
	add("AEGIS_TERRAFORM_PLUGIN_DIR", m.env("AEGIS_TERRAFORM_PLUGIN_DIR"))
	add("TF_CLI_CONFIG_FILE", configuredMirrors(m.env("TF_CLI_CONFIG_FILE"))...)
	add("Terraform's implied mirror", m.impliedMirrors()...)
	add("optional software", m.glob("opt/*", "opt/*/*", "usr/local/share/*", "usr/local/lib/*", "usr/share/*", "srv/*")...)
	add("terraform init", m.ownMirror().folder)
	return found
}

// ownMirror is filled by Setup.
func (m *machine) ownMirror() mirror {
	return mirror{folder: filepath.Join(m.dir, "terraform-plugins"), origin: "terraform init"}
}

// impliedMirrors are those of
// https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories.
func (m *machine) impliedMirrors() []string {
	folders := []string{filepath.Join(m.root, "terraform.d", "plugins")}
	if home := m.env("HOME"); home != "" {
		folders = append(folders,
			filepath.Join(home, ".terraform.d", "plugins"),
			filepath.Join(home, ".local", "share", "terraform", "plugins"),
			filepath.Join(home, "Library", "Application Support", "io.terraform", "plugins"))
	}
	for _, base := range append([]string{m.env("XDG_DATA_HOME")}, filepath.SplitList(m.env("XDG_DATA_DIRS"))...) {
		if base != "" {
			folders = append(folders, filepath.Join(base, "terraform", "plugins"))
		}
	}
	return append(folders, m.glob("usr/local/share/terraform/plugins", "usr/share/terraform/plugins")...)
}

var (
	mirrorBlock = regexp.MustCompile(`(?s)filesystem_mirror\s*\{(.*?)\}`)
	mirrorPath  = regexp.MustCompile(`(?m)^\s*path\s*=\s*"([^"]+)"`)
)

// configuredMirrors reads the filesystem_mirror blocks of a Terraform CLI
// configuration; a file that is absent has none.
func configuredMirrors(file string) []string {
	content, err := os.ReadFile(file) //nolint:gosec // named by the user's own setting
	if err != nil {
		return nil
	}
	var paths []string
	for _, block := range mirrorBlock.FindAllStringSubmatch(withoutComments(string(content)), -1) {
		if path := mirrorPath.FindStringSubmatch(block[1]); path != nil {
			paths = append(paths, path[1])
		}
	}
	return paths
}

func withoutComments(config string) string {
	var kept []string
	for line := range strings.Lines(config) {
		if trimmed := strings.TrimSpace(line); !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(trimmed, "//") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
