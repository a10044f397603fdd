package cli

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/stacks"
)

// sandboxDir is where the sandbox lives when nothing else is said.
const sandboxDir = ".aegis/sandbox"

func (c *cli) sandbox() *cobra.Command {
	var o SandboxOptions
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Run everything on this machine, without an account", Args: noArgs,
		Long: "Run a private Postgres, a local AWS, the API and the workers on this machine. Interrupting it stops\n" +
			"everything; the same data directory continues. When it serves, it writes its URL and an admin's token to\n" +
			"--ready-file, or to standard output.",
		Example: `  aegis sandbox --addr 127.0.0.1:8080 --data-dir .aegis/sandbox
  eval "$(aegis sandbox env)"; aegis stack list
  aegis sandbox fault set --region eu-west-1 --unreachable`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, _, err := net.SplitHostPort(o.Addr); err != nil {
				return usage("--addr: %q is not host:port", o.Addr)
			}
			if sizes := append(stacks.Sizes(), "none"); !slices.Contains(sizes, o.Estate) {
				return usage("--estate: %q is not one of: %s", o.Estate, strings.Join(sizes, ", "))
			}
			o.DataDir = dataDir(cmd)
			o.Stdout, o.Stderr = c.Out, c.Err
			return c.ops.Sandbox(cmd.Context(), o)
		},
	}
	cmd.PersistentFlags().String("data-dir", sandboxDir, "folder that holds everything")
	cmd.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:8080", "host:port of the API; port 0 picks a free one")
	cmd.Flags().StringVar(&o.Estate, "estate", "small", "estate to create: small, pilot, full or none")
	cmd.Flags().StringVar(&o.ReadyFile, "ready-file", "", "file that gets the URL and the token, mode 0600")
	cmd.Flags().StringArrayVar(&o.PolicySources, "policy-source", nil, "where policy bundles are fetched from: file:///DIR, http(s)://… or s3://BUCKET/KEY; may be repeated")
	cmd.Flags().StringToStringVar(&o.PolicyKeys, "policy-key", nil, "ID=FILE of a public key in PEM whose signatures of bundles count, beside the sandbox's own")
	cmd.Flags().StringVar(&o.ModelsFile, "models", "", "configuration file of which only its models count: those may be asked")
	cmd.Flags().StringVar(&o.ToolsFile, "tools", "", "configuration file of which only its tools count: agents may be given those")
	cmd.AddCommand(c.sandboxStop(), c.sandboxStatus(), c.sandboxEnv(), c.sandboxFault(), c.sandboxSupervise())
	return cmd
}

func dataDir(cmd *cobra.Command) string {
	return cmd.Flag("data-dir").Value.String()
}

func (c *cli) sandboxStop() *cobra.Command {
	return &cobra.Command{
		Use: "stop", Short: "Stop the local AWS and Postgres of a data directory", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.ops.SandboxStop(cmd.Context(), dataDir(cmd)) },
	}
}

func (c *cli) sandboxStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say whether the local AWS and Postgres of a data directory run", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := c.ops.SandboxEnv(cmd.Context(), dataDir(cmd)); err != nil {
				return fmt.Errorf("the sandbox in %s does not run: %w", dataDir(cmd), err)
			}
			_, err := fmt.Fprintf(c.Out, "the sandbox in %s runs\n", dataDir(cmd))
			return err
		},
	}
}

func (c *cli) sandboxEnv() *cobra.Command {
	cmd := &cobra.Command{
		Use: "env", Short: "Print the variables with which other tools reach the sandbox", Args: noArgs,
		Long: "Print the variables with which other tools reach the sandbox: as lines for a shell, or with -o json as one\n" +
			"object of names and values.",
		Example: `  eval "$(aegis sandbox env)"
  aegis sandbox env -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.checkOutput(); err != nil {
				return err
			}
			env, err := c.ops.SandboxEnv(cmd.Context(), dataDir(cmd))
			if err != nil {
				return err
			}
			return c.show(c.variables(env), func(w io.Writer) {
				for _, pair := range env {
					name, value, _ := strings.Cut(pair, "=")
					_, _ = fmt.Fprintf(w, "export %s=%s\n", name, shellQuote(value)) // into memory
				}
			})
		},
	}
	cmd.Flags().StringVarP(&c.output, "output", "o", "text", "text or json")
	return cmd
}

// variables are pairs, "NAME=value", by name, without a shell to fill $PATH in.
func (c *cli) variables(pairs []string) map[string]string {
	byName := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if rest, ok := strings.CutSuffix(value, ":$PATH"); ok {
			value = rest + ":" + c.getenv("PATH")
		}
		byName[name] = value
	}
	return byName
}

// shellQuote quotes a value for a POSIX shell; a leading or trailing $PATH
// stays a variable.
func shellQuote(value string) string {
	rest, isPath := strings.CutSuffix(value, ":$PATH")
	quoted := "'" + strings.ReplaceAll(rest, "'", `'\''`) + "'"
	if isPath {
		return quoted + `:"$PATH"`
	}
	return quoted
}

func (c *cli) sandboxSupervise() *cobra.Command {
	return &cobra.Command{
		Use: "supervise", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.ops.Supervise(cmd.Context(), dataDir(cmd)) },
	}
}
