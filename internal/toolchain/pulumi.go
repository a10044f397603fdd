package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// downloaded is the stamp of an official release in bin.
const downloaded = "downloaded " + pulumiVersion

func cliModule() module {
	return module{
		name: "pulumi",
		pkg:  "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
		// Without the version the Automation API cannot parse it, and refreshes fail.
		ldflags: "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + pulumiVersion,
		// It asks for its user's name, and code of adopted projects runs as one
		// without any.
		tags: "osusergo",
	}
}

func hostModule() module {
	return module{name: "pulumi-language-go", pkg: ".", ldflags: "-s -w"}
}

func pulumiCLI() piece {
	return piece{
		name:     "Pulumi CLI",
		required: true,
		remedy:   "install Pulumi " + pulumiRange + " on PATH, or run `make setup` in the checkout with Go",
		find:     findPulumi,
		stale: func(m *machine, tools *Tools) bool {
			return tools.PulumiCLI == m.bin("pulumi") && m.stamped("pulumi") != downloaded && !cliModule().current(m)
		},
		get: getPulumi,
	}
}

// findPulumi takes the one on PATH when its version will do, else the one in bin.
func findPulumi(ctx context.Context, m *machine, tools *Tools) Item {
	places := []struct{ path, origin string }{
		{m.lookPath("pulumi"), "PATH"},
		{m.bin("pulumi"), m.originOf(cliModule())},
	}
	for _, place := range places {
		if place.path == "" || !isExecutable(place.path) {
			continue
		}
		number, err := m.versionOf(ctx, place.path, "version")
		if err == nil && within(number, pulumiRange) {
			tools.PulumiCLI = place.path
			return Item{Version: number, Path: place.path, Origin: place.origin, OK: true}
		}
	}
	return Item{}
}

// originOf says whether a program in bin was downloaded or built.
func (m *machine) originOf(b module) string {
	if m.stamped(b.name) == downloaded {
		return "downloaded"
	}
	return b.origin()
}

// getPulumi downloads the release, which has the language host too, or builds
// the CLI where that cannot be had.
func getPulumi(ctx context.Context, m *machine, tools *Tools, say progress) error {
	if tools.PulumiCLI == "" {
		err := m.downloadPulumi(ctx, say)
		if err == nil {
			return nil
		}
		say("Pulumi %s cannot be downloaded: %v", pulumiVersion, err)
	}
	return cliModule().build(ctx, m, say)
}

func languageHost() piece {
	return piece{
		name:   "Pulumi language host",
		remedy: "only `pulumi up` needs it: install the official Pulumi CLI, or run `make setup` in the checkout with Go",
		find:   findLanguageHost,
		stale: func(m *machine, tools *Tools) bool {
			name := hostModule().name
			return tools.LanguageHost == m.bin(name) && m.stamped(name) != downloaded && !hostModule().current(m)
		},
		get: func(ctx context.Context, m *machine, _ *Tools, say progress) error {
			return hostModule().build(ctx, m, say)
		},
	}
}

// findLanguageHost looks beside the CLI, as the CLI does, on PATH and in bin.
func findLanguageHost(_ context.Context, m *machine, tools *Tools) Item {
	name := hostModule().name
	if cli, err := filepath.EvalSymlinks(tools.PulumiCLI); err == nil && filepath.Dir(cli) != filepath.Dir(m.bin(name)) {
		if path := filepath.Join(filepath.Dir(cli), name); isExecutable(path) {
			tools.LanguageHost = path
			return Item{Path: path, Origin: "beside the Pulumi CLI", OK: true}
		}
	}
	if path := m.lookPath(name); path != "" && path != m.bin(name) {
		tools.LanguageHost = path
		return Item{Path: path, Origin: "PATH", OK: true}
	}
	if path := m.bin(name); isExecutable(path) {
		tools.LanguageHost = path
		return Item{Path: path, Origin: m.originOf(hostModule()), OK: true}
	}
	return Item{}
}

// releaseName is Pulumi's name of the release for this machine.
func (m *machine) releaseName() (string, error) {
	arch, ok := map[string]string{"amd64": "x64", "arm64": "arm64"}[m.arch]
	if !ok || (m.goos != "linux" && m.goos != "darwin") {
		return "", fmt.Errorf("no release for %s/%s", m.goos, m.arch)
	}
	return fmt.Sprintf("pulumi-v%s-%s-%s.tar.gz", pulumiVersion, m.goos, arch), nil
}

var errChecksum = errors.New("checksum differs")

// downloadPulumi puts the release's CLI and language host into bin.
func (m *machine) downloadPulumi(ctx context.Context, say progress) error {
	name, err := m.releaseName()
	if err != nil {
		return err
	}
	sums, err := m.fetch(ctx, fmt.Sprintf("%s/sdk/pulumi-%s-checksums.txt", m.sites.pulumi, pulumiVersion))
	if err != nil {
		return err
	}
	wanted, err := checksumOf(sums, name)
	if err != nil {
		return err
	}
	say("downloading %s", name)
	archive, err := m.fetch(ctx, m.sites.pulumi+"/sdk/"+name)
	if err != nil {
		return err
	}
	if sha256Hex(archive) != wanted {
		return fmt.Errorf("%s: %w", name, errChecksum)
	}
	programs := []string{"pulumi", hostModule().name}
	if err := extract(archive, filepath.Join(m.dir, "bin"), programs); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	for _, program := range programs {
		if err := m.setStamp(program, downloaded); err != nil {
			return err
		}
	}
	return nil
}
