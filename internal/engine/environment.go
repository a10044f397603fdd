package engine

import (
	"path/filepath"
	"runtime"
	"strconv"
)

// baseEnv is the environment that every engine process starts from: a path, a
// scratch home, nothing inherited.
func (c Config) baseEnv() []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + filepath.Join(c.WorkDir, "home"),
		"TMPDIR=" + filepath.Join(c.WorkDir, "tmp"),
		"LANG=C.UTF-8",
		"TZ=UTC",
		"CHECKPOINT_DISABLE=1",
	}
}

// awsEnv is what a process needs to reach AWS as the holder of key; "" leaves
// the region to others.
func (c Config) awsEnv(region string, key credentialKey) []string {
	env := []string{
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + key.url,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN=" + key.token,
	}
	if region != "" {
		env = append(env, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region)
	}
	if c.AWSEndpoint != "" {
		// A call that the emulator lacks is not worth minutes of retries.
		env = append(env, "AWS_ENDPOINT_URL="+c.AWSEndpoint, "AWS_MAX_ATTEMPTS=6")
	}
	return env
}

// pulumiEnv is the environment of the Pulumi CLI. A run's credentials are no
// part of it: providers are processes of their own.
func (c Config) pulumiEnv() []string {
	env := append(c.baseEnv(), concurrency()...)
	env = append(env,
		"PULUMI_HOME="+filepath.Join(c.WorkDir, "pulumi"),
		"PULUMI_BACKEND_URL="+c.BackendURL,
		"PULUMI_AUTOMATION_API=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true",
		// Listing stacks in Postgres hangs without.
		"PULUMI_DIY_BACKEND_PARALLEL=1",
		// Every update writes two full checkpoints without.
		"PULUMI_DIY_BACKEND_GZIP=true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
		"NO_COLOR=1",
	)
	if c.PassphraseFile != "" {
		env = append(env, "PULUMI_CONFIG_PASSPHRASE_FILE="+c.PassphraseFile)
	}
	if c.PGPassFile != "" {
		env = append(env, "PGPASSFILE="+c.PGPassFile)
	}
	if c.BackendCredentials != nil {
		env = append(env, c.awsEnv("", c.backendKey)...)
	}
	return env
}

// leastOperations is how many operations Pulumi does at once on any machine.
const leastOperations = 8

// concurrency is the part of the Pulumi CLI's environment that bounds how much it
// does at once. The CLI takes at most two connections for each of GOMAXPROCS from
// its state in Postgres. Stack references that are refreshed together hold one and
// wait for another: with as many of them as connections, all wait for ever. Two
// connections for each operation are always enough.
func concurrency() []string {
	operations := strconv.Itoa(max(leastOperations, 4*runtime.NumCPU())) // Pulumi's own choice is four for each core
	return []string{"GOMAXPROCS=" + operations, "PULUMI_PARALLEL=" + operations}
}

// pluginEnv are the settings of the stand-in for the AWS plugin.
func (c Config) pluginEnv() []string {
	var env []string
	if c.TerraformProviderAWS != "" {
		env = append(env, "AEGIS_TERRAFORM_PROVIDER_AWS="+c.TerraformProviderAWS)
	}
	if c.PluginCache != "" {
		env = append(env, "AEGIS_PLUGIN_CACHE="+c.PluginCache)
	}
	return env
}
