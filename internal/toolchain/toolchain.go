// Package toolchain finds, or fetches and builds, the programs that the
// engines and the sandbox run: the Pulumi CLI with its language host and AWS
// plugin, Terraform with its AWS provider, PostgreSQL's server binaries and
// an AWS emulator. Whatever it makes lives in one folder, `.aegis` of the
// checkout, so that nothing of the machine is changed.
package toolchain

// Options say where to look and what was asked for.
type Options struct {
	// Root is the checkout, the folder with go.mod and tools/. "" is the one
	// that Executable was built in, else the working directory.
	Root string
	// Executable is the running binary, as of os.Executable: `.aegis` beside
	// its folder is where the tools are, unless AEGIS_TOOLS says otherwise.
	Executable string
	// Env looks an environment variable up, "" when unset; nil means that no
	// variable is set. Read are PATH, HOME, AEGIS_TOOLS, AEGIS_TERRAFORM_PLUGIN_DIR,
	// AEGIS_AWS_EMULATOR_URL, TF_CLI_CONFIG_FILE, XDG_DATA_HOME and XDG_DATA_DIRS.
	Env func(string) string
	// EnginesOnly leaves out what only the sandbox runs: a server and an image
	// need neither a database's programs nor an emulator.
	EnginesOnly bool
}

// Tools are the programs found. A field is empty when its program is missing;
// Report says which and what to do.
type Tools struct {
	// Dir is the folder of everything that Setup made, absolute.
	Dir string
	// PulumiCLI is the path of pulumi, ≥ 3.220 and < 4.
	PulumiCLI string
	// PulumiHome is the PULUMI_HOME in which the AWS plugin is installed.
	PulumiHome string
	// LanguageHost is the path of pulumi-language-go, needed by `pulumi up` only;
	// its folder must be on the PATH of that process.
	LanguageHost string
	// AWSPlugin is the path of the installed pulumi-resource-aws.
	AWSPlugin string
	// AWSPluginOfficial says that AWSPlugin is Pulumi's own and not the
	// stand-in, which takes the three settings below from its environment.
	AWSPluginOfficial bool
	// PluginCache is the stand-in's cache folder, its AEGIS_PLUGIN_CACHE.
	PluginCache string
	// TerraformProviderAWS is the provider binary, the stand-in's
	// AEGIS_TERRAFORM_PROVIDER_AWS.
	TerraformProviderAWS string
	// TerraformCLI is the path of terraform.
	TerraformCLI string
	// TerraformRC is the CLI configuration with the provider's mirror, for
	// TF_CLI_CONFIG_FILE of terraform's processes; "" when init may download.
	TerraformRC string
	// PostgresBin is the folder with initdb, postgres and pg_ctl.
	PostgresBin string
	// PGVector says that the server of PostgresBin offers the extension vector.
	PGVector bool
	// Moto is the command that starts the AWS emulator, without arguments.
	Moto []string
	// EmulatorURL is a running emulator given by configuration, instead of Moto.
	EmulatorURL string

	items []Item
}

// Item is one line of a report.
type Item struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Path    string `json:"path"`
	// Origin says where it comes from, such as "PATH" or "built from tools/pulumi".
	Origin string `json:"origin"`
	// Required items must be OK for the sandbox and the engines to run.
	Required bool `json:"required"`
	OK       bool `json:"ok"`
	// Remedy says what to do when it is not OK.
	Remedy string `json:"remedy"`
}

// Report lists every program in the order in which Setup gets them.
func (t Tools) Report() []Item { return t.items }

// Complete says that everything required was found.
func (t Tools) Complete() bool {
	for _, item := range t.items {
		if item.Required && !item.OK {
			return false
		}
	}
	return true
}
