package cli

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies/archive"
)

func (c *cli) policySign() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sign DIR|FILE.tar.gz --signing-key KEY", Short: "Sign a policy bundle", Args: oneArg("DIR or FILE.tar.gz"),
		Long: "Sign a policy bundle in the format of stock opa, in place of the signature that it has: a folder gets a\n" +
			".signatures.json, a .tar.gz is written anew. Every file is covered; change one, and sign again.",
		Example: "  aegis policy sign ./acme --signing-key acme.pem --signing-key-id acme-2026\n" +
			"  aegis policy sign bundle.tar.gz --signing-key acme.pem",
	}
	var p pushFlags
	signingFlags(cmd, &p)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		name := cmp.Or(p.key, c.getenv(signingKeyVariable))
		if name == "" {
			return usage("--signing-key is needed: a private key in PEM; aegis policy key makes one")
		}
		piece, err := openBundle(args[0])
		if err != nil {
			return err
		}
		made := built{File: piece.name}
		write := archive.Files.Tar
		if piece.folder {
			made.File = filepath.Join(piece.name, archive.SignaturesName)
			write = func(f archive.Files, w io.Writer) error {
				_, err := w.Write(f[archive.SignaturesName])
				return err
			}
		}
		files, err := made.sign(piece.bundle, name, p.keyID)
		if err != nil {
			return err
		}
		if err := replace(made.File, func(w io.Writer) error { return write(files, w) }); err != nil {
			return fmt.Errorf("write %s: %w", made.File, err)
		}
		return c.showBuilt(made, files)
	}
	return cmd
}
