package toolchain

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func terraformProvider() piece {
	return piece{
		name:     "Terraform AWS provider",
		required: true,
		remedy: "unpack terraform-provider-aws " + providerVersion + " into a mirror folder (" + registry +
			"/hashicorp/aws/" + providerVersion + "/OS_ARCH/) and set AEGIS_TERRAFORM_PLUGIN_DIR to the folder",
		find: findProvider,
		stale: func(m *machine, tools *Tools) bool {
			return !linked(tools.TerraformProviderAWS, filepath.Join(m.dir, "bin")) || m.staleConfig()
		},
		get: getProvider,
	}
}

// findProvider takes the first mirror that has the provider unpacked.
func findProvider(_ context.Context, m *machine, tools *Tools) Item {
	if file := m.configFile(); isFile(file) {
		tools.TerraformRC = file
	}
	for _, place := range m.mirrors() {
		if path := place.provider(m); path != "" {
			tools.TerraformProviderAWS = path
			return Item{Version: providerVersion, Path: path, Origin: place.origin, OK: true}
		}
	}
	return Item{}
}

// getProvider makes the provider ready: it unpacks a packed mirror or has
// Terraform download it, links it into bin and writes Terraform's configuration.
func getProvider(ctx context.Context, m *machine, tools *Tools, say progress) error {
	if tools.TerraformProviderAWS == "" {
		if err := m.fillMirror(ctx, tools, say); err != nil {
			return err
		}
		findProvider(ctx, m, tools)
	}
	if tools.TerraformProviderAWS == "" {
		return errors.New("terraform init brought no provider")
	}
	if err := link(tools.TerraformProviderAWS, filepath.Join(m.dir, "bin")); err != nil {
		return err
	}
	return m.writeConfig(say)
}

// fillMirror fills the project's own mirror.
func (m *machine) fillMirror(ctx context.Context, tools *Tools, say progress) error {
	for _, place := range m.mirrors() {
		if archive := place.packed(m); archive != "" {
			say("unpacking %s", archive)
			return m.unpackProvider(archive)
		}
	}
	if tools.TerraformCLI == "" {
		return errors.New("no Terraform to download the provider with")
	}
	if err := m.reachable(ctx, m.sites.providers); err != nil {
		return fmt.Errorf("download the provider: %w", err)
	}
	say("downloading terraform-provider-aws %s with terraform init", providerVersion)
	return m.initProvider(ctx, tools.TerraformCLI)
}

// requirement is a configuration that needs the provider.
const requirement = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "` + providerVersion + `" }
  }
}
`

// initProvider has Terraform download the provider, verified, into its plugin
// cache, which has the layout of an unpacked mirror.
func (m *machine) initProvider(ctx context.Context, terraform string) error {
	folder, err := os.MkdirTemp(m.dir, "terraform-init-")
	if err != nil {
		return fmt.Errorf("make a folder for terraform init: %w", err)
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(requirement), 0o600); err != nil {
		return fmt.Errorf("write configuration for terraform init: %w", err)
	}
	if err := os.MkdirAll(m.ownMirror().folder, 0o755); err != nil { //nolint:gosec // programs, for all users
		return fmt.Errorf("make the mirror: %w", err)
	}
	_, err = m.run(ctx, command{
		path: terraform,
		args: []string{"init", "-backend=false", "-input=false", "-no-color"},
		dir:  folder,
		env:  []string{"TF_PLUGIN_CACHE_DIR=" + m.ownMirror().folder, "TF_CLI_CONFIG_FILE=" + os.DevNull, "CHECKPOINT_DISABLE=1"},
	})
	return err
}

// unpackProvider writes a packed provider into the project's own mirror.
func (m *machine) unpackProvider(archive string) error {
	files, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	defer files.Close()
	folder := filepath.Join(m.ownMirror().folder, registry, "hashicorp", "aws", providerVersion, m.target())
	for _, file := range files.File {
		name := filepath.Base(file.Name)
		if !strings.HasPrefix(name, "terraform-provider-aws") {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
		err = errors.Join(writeProgram(filepath.Join(folder, name), content), content.Close())
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
	}
	return nil
}

// link puts the provider into a folder, where the stand-in plugin finds it
// beside itself.
func link(provider, folder string) error {
	if linked(provider, folder) {
		return nil
	}
	name := filepath.Join(folder, filepath.Base(provider))
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("link the provider: %w", err)
	}
	if err := os.Symlink(provider, name); err != nil {
		return fmt.Errorf("link the provider: %w", err)
	}
	return nil
}

func linked(provider, folder string) bool {
	target, err := filepath.EvalSymlinks(filepath.Join(folder, filepath.Base(provider)))
	if err != nil {
		return false
	}
	resolved, err := filepath.EvalSymlinks(provider)
	return err == nil && target == resolved
}
