package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies/archive"
)

func (c *cli) policyKey() *cobra.Command {
	algorithms := []string{archive.ES256, archive.EdDSA, archive.RS256}
	cmd := &cobra.Command{
		Use: "key NAME", Short: "Make a key pair to sign policy bundles with", Args: oneArg("NAME"),
		Long: "Make a key pair in PEM: NAME.pem, which signs and only its owner may read, and NAME.pub.pem, which verifies and\n" +
			"belongs into the configuration of aegis serve, or of stock opa. Files that are there stay.",
		Example: "  aegis policy key acme-2026\n" +
			"  aegis policy key ~/keys/acme-2026 --algorithm EdDSA",
	}
	algorithm := cmd.Flags().String("algorithm", archive.ES256, strings.Join(algorithms, ", "))
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if !slices.Contains(algorithms, *algorithm) {
			return usage("--algorithm: %q is not one of: %s", *algorithm, strings.Join(algorithms, ", "))
		}
		private, public, err := archive.GenerateKey(*algorithm)
		if err != nil {
			return err
		}
		made := struct {
			Algorithm string `json:"algorithm"`
			Private   string `json:"private_key_file"`
			Public    string `json:"public_key_file"`
		}{*algorithm, args[0] + ".pem", args[0] + ".pub.pem"}
		if _, err := os.Lstat(made.Public); err == nil {
			return fmt.Errorf("write the key: %s is there already; name another", made.Public)
		}
		if err := create(made.Private, private, 0o600); err != nil {
			return fmt.Errorf("write the key: %w", err)
		}
		if err := create(made.Public, public, 0o644); err != nil {
			return fmt.Errorf("write the key: %w", err)
		}
		return c.show(made, func(w io.Writer) {
			facts(w, "algorithm", made.Algorithm, "signs", made.Private+" (keep it secret)", "verifies", made.Public)
		})
	}
	return cmd
}
