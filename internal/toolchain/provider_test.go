package toolchain

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMirrorsInOrder(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	home := f.vars["HOME"]
	configured := filepath.Join(home, "configured")
	f.vars["TF_CLI_CONFIG_FILE"] = filepath.Join(home, "rc")
	f.write(t, f.vars["TF_CLI_CONFIG_FILE"], `provider_installation {
  # filesystem_mirror { path = "/commented/out" }
  filesystem_mirror {
    path    = "`+configured+`"
    include = ["*/*"]
  }
  direct {}
}
`)
	f.vars["AEGIS_TERRAFORM_PLUGIN_DIR"] = filepath.Join(home, "set")
	f.vars["XDG_DATA_DIRS"] = filepath.Join(home, "none") + ":" + filepath.Join(home, "data")
	// Each entry is taken while those after it are there too.
	places := []struct{ folder, origin string }{
		{f.ownMirror().folder, "terraform init"},
		{filepath.Join(f.filesystem, "srv", "providers"), "optional software"},
		{filepath.Join(f.filesystem, "opt", "vendor", "providers"), "optional software"},
		{filepath.Join(f.filesystem, "opt", "providers"), "optional software"},
		{filepath.Join(f.filesystem, "usr/local/share/terraform/plugins"), "Terraform's implied mirror"},
		{filepath.Join(home, "data", "terraform", "plugins"), "Terraform's implied mirror"},
		{filepath.Join(home, ".terraform.d", "plugins"), "Terraform's implied mirror"},
		{filepath.Join(f.root, "terraform.d", "plugins"), "Terraform's implied mirror"},
		{configured, "TF_CLI_CONFIG_FILE"},
		{f.vars["AEGIS_TERRAFORM_PLUGIN_DIR"], "AEGIS_TERRAFORM_PLUGIN_DIR"},
	}
	for _, place := range places {
		want := f.mirrored(t, place.folder)
		tools := f.noTools()
		item := findProvider(t.Context(), f.machine, &tools)
		require.Equal(t, want, item.Path)
		require.Equal(t, place.origin, item.Origin, place.folder)
	}
}

func TestProviderOfAnotherVersionOrTarget(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	base := filepath.Join(f.filesystem, "opt", "providers", registry, "hashicorp", "aws")
	f.write(t, filepath.Join(base, "5.99.0", "linux_amd64", "terraform-provider-aws_v5.99.0_x5"), "")
	f.write(t, filepath.Join(base, "5.100.0", "darwin_arm64", "terraform-provider-aws_v5.100.0_x5"), "")
	tools := f.noTools()
	require.False(t, findProvider(t.Context(), f.machine, &tools).OK)
}

func TestGetProviderUnpacksAMirror(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	folder := filepath.Join(f.filesystem, "opt", "mirror", registry, "hashicorp", "aws")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	file, err := os.Create(filepath.Join(folder, "terraform-provider-aws_5.100.0_linux_amd64.zip"))
	require.NoError(t, err)
	packed := zip.NewWriter(file)
	for _, name := range []string{"LICENSE.txt", "../terraform-provider-aws_v5.100.0_x5"} {
		w, err := packed.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte("content"))
		require.NoError(t, err)
	}
	require.NoError(t, packed.Close())
	require.NoError(t, file.Close())

	tools := f.noTools()
	require.NoError(t, getProvider(t.Context(), f.machine, &tools, quiet))
	require.Equal(t, f.ownMirror().folder+"/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5.100.0_x5",
		tools.TerraformProviderAWS)
	require.FileExists(t, tools.TerraformProviderAWS)
	require.FileExists(t, f.bin("terraform-provider-aws_v5.100.0_x5"))
}

func TestGetProviderWithTerraformInit(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tools := f.noTools()
	tools.TerraformCLI = f.program(t, "terraform", `grep -q 'version = "5.100.0"' main.tf || exit 1
folder="$TF_PLUGIN_CACHE_DIR/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
mkdir -p "$folder"; touch "$folder/terraform-provider-aws_v5.100.0_x5"; chmod +x "$folder"/*`)
	require.ErrorContains(t, getProvider(t.Context(), f.machine, &tools, quiet), "404")

	server := ok(t)
	f.sites.providers = server
	require.NoError(t, getProvider(t.Context(), f.machine, &tools, quiet))
	require.FileExists(t, tools.TerraformProviderAWS)
	left, err := filepath.Glob(filepath.Join(f.dir, "terraform-init-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestConfigTakesMirroredProvidersFromTheMirrorOnly(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	folder := filepath.Join(f.filesystem, "opt", "mirror")
	f.mirrored(t, folder)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, registry, "hashicorp", "random"), 0o755))
	require.True(t, f.staleConfig())
	require.NoError(t, f.writeConfig(quiet))
	require.False(t, f.staleConfig())
	content, err := os.ReadFile(f.configFile())
	require.NoError(t, err)
	require.Contains(t, string(content), `path    = "`+folder+`"`)
	const both = `["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]`
	require.Contains(t, string(content), "include = "+both)
	require.Contains(t, string(content), "exclude = "+both)
}
