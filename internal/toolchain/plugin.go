package toolchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

func pluginModule() module {
	return module{name: "pulumi-resource-aws", pkg: ".", ldflags: "-s -w"}
}

func awsPlugin() piece {
	return piece{
		name:     "Pulumi AWS plugin",
		required: true,
		remedy: "run `make setup` in the checkout with Go, or `pulumi plugin install resource aws v" + pluginVersion +
			"` with the PULUMI_HOME that `aegis doctor` shows",
		find: findPlugin,
		stale: func(m *machine, tools *Tools) bool {
			return !tools.AWSPluginOfficial && (!pluginModule().current(m) || !linked(tools.TerraformProviderAWS, filepath.Dir(tools.AWSPlugin)))
		},
		get: getPlugin,
	}
}

// pluginPath is where `pulumi plugin install` puts the plugin.
func pluginPath(home string) string {
	return filepath.Join(home, "plugins", "resource-aws-v"+pluginVersion, "pulumi-resource-aws")
}

// findPlugin looks into the PULUMI_HOME. The stand-in says that it is one.
func findPlugin(ctx context.Context, m *machine, tools *Tools) Item {
	path := pluginPath(tools.PulumiHome)
	if !isExecutable(path) {
		return Item{}
	}
	output, err := m.run(ctx, command{path: path, args: []string{"--version"}})
	if err != nil {
		return Item{Remedy: fmt.Sprintf("remove %s and run make setup: %v", path, err)}
	}
	tools.AWSPlugin = path
	tools.AWSPluginOfficial = !strings.Contains(string(output), "stand-in")
	origin := "official"
	if !tools.AWSPluginOfficial {
		origin = "stand-in " + pluginModule().origin()
	}
	return Item{Version: pluginVersion, Path: path, Origin: origin, OK: true}
}

// getPlugin installs the official plugin, or builds and installs the stand-in
// where that cannot be had.
func getPlugin(ctx context.Context, m *machine, tools *Tools, say progress) error {
	if tools.PulumiCLI == "" {
		return errors.New("install the AWS plugin: no Pulumi CLI")
	}
	if tools.AWSPlugin == "" {
		err := m.installOfficial(ctx, tools, say)
		if err == nil {
			return nil
		}
		say("the official AWS plugin cannot be downloaded: %v", err)
	}
	if tools.TerraformProviderAWS == "" {
		return errors.New("install the stand-in for the AWS plugin: no Terraform AWS provider to run")
	}
	if err := pluginModule().build(ctx, m, say); err != nil {
		return err
	}
	say("installing the stand-in for the AWS plugin")
	if err := m.installPlugin(ctx, tools, "--reinstall", "-f", m.bin(pluginModule().name)); err != nil {
		return err
	}
	return link(tools.TerraformProviderAWS, filepath.Dir(pluginPath(tools.PulumiHome)))
}

func (m *machine) installOfficial(ctx context.Context, tools *Tools, say progress) error {
	archive := fmt.Sprintf("%s/plugins/pulumi-resource-aws-v%s-%s-%s.tar.gz", m.sites.pulumi, pluginVersion, m.goos, m.arch)
	if err := m.reachable(ctx, archive); err != nil {
		return err
	}
	say("downloading the AWS plugin %s", pluginVersion)
	return m.installPlugin(ctx, tools)
}

func (m *machine) installPlugin(ctx context.Context, tools *Tools, flags ...string) error {
	_, err := m.run(ctx, command{
		path: tools.PulumiCLI,
		args: append([]string{"plugin", "install", "resource", "aws", "v" + pluginVersion}, flags...),
		env:  []string{"PULUMI_HOME=" + tools.PulumiHome, "PULUMI_SKIP_UPDATE_CHECK=true"},
	})
	if err != nil {
		return fmt.Errorf("install the AWS plugin: %w", err)
	}
	return nil
}
