package toolchain

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

func terraformCLI() piece {
	return piece{
		name:     "Terraform",
		required: true,
		remedy:   "install Terraform " + terraformRange + " on PATH",
		find:     findTerraform,
		get:      getTerraform,
	}
}

func findTerraform(ctx context.Context, m *machine, tools *Tools) Item {
	places := []struct{ path, origin string }{
		{m.lookPath("terraform"), "PATH"},
		{m.bin("terraform"), "downloaded"},
	}
	for _, place := range places {
		if place.path == "" || !isExecutable(place.path) {
			continue
		}
		number, err := m.versionOf(ctx, place.path, "version")
		if err == nil && within(number, terraformRange) {
			tools.TerraformCLI = place.path
			return Item{Version: number, Path: place.path, Origin: place.origin, OK: true}
		}
	}
	return Item{}
}

// getTerraform downloads a release, which hc-install verifies by its signature.
func getTerraform(ctx context.Context, m *machine, _ *Tools, say progress) error {
	wanted, err := version.NewVersion(terraformGet)
	if err != nil {
		return err
	}
	if err := m.reachable(ctx, m.sites.terraform); err != nil {
		return fmt.Errorf("download Terraform: %w", err)
	}
	say("downloading Terraform %s", terraformGet)
	release := &releases.ExactVersion{
		Product:    product.Terraform,
		Version:    wanted,
		InstallDir: filepath.Dir(m.bin("terraform")),
	}
	if _, err := release.Install(ctx); err != nil {
		return fmt.Errorf("download Terraform %s: %w", terraformGet, err)
	}
	return nil
}
