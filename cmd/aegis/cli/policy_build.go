package cli

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/policies/archive"
)

// built says what was written.
type built struct {
	File      string `json:"file"`
	Digest    string `json:"digest"`
	Revision  string `json:"revision"`
	Files     int    `json:"files"`
	SignedBy  string `json:"signed_by"`
	Algorithm string `json:"algorithm"`
}

func (c *cli) policyBuild() *cobra.Command {
	cmd := &cobra.Command{
		Use: "build DIR --to FILE.tar.gz", Short: "Pack a policy bundle", Args: oneArg("DIR"),
		Long: "Check a policy bundle and pack it into a .tar.gz that aegis policy push, HTTP servers, S3 and stock opa take. The same\n" +
			"files give the same bytes. With a key it is signed; a signature in DIR is left out otherwise when --revision changes\n" +
			"what it covers.",
		Example: "  aegis policy build ./acme --to acme.tar.gz\n" +
			"  aegis policy build ./acme --to acme.tar.gz --revision \"$(git rev-parse HEAD)\" --signing-key acme.pem --signing-key-id acme-2026",
	}
	var to, revision string
	var p pushFlags
	cmd.Flags().StringVar(&to, "to", "", "the file to write")
	cmd.Flags().StringVar(&revision, "revision", "", "the revision in the .manifest, in place of the one there")
	signingFlags(cmd, &p)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if to == "" {
			return usage("--to is needed: the file to write")
		}
		piece, err := openBundle(args[0])
		if err != nil {
			return err
		}
		if _, err := c.checked(piece); err != nil {
			return err
		}
		files := piece.bundle
		if revision != "" {
			if files, err = revised(files, revision); err != nil {
				return err
			}
		}
		made := built{File: to}
		if name := cmp.Or(p.key, c.getenv(signingKeyVariable)); name != "" {
			if files, err = made.sign(files, name, p.keyID); err != nil {
				return err
			}
		}
		if err := replace(to, files.Tar); err != nil {
			return fmt.Errorf("write %s: %w", to, err)
		}
		return c.showBuilt(made, files)
	}
	return cmd
}

func signingFlags(cmd *cobra.Command, p *pushFlags) {
	cmd.Flags().StringVar(&p.key, "signing-key", "", "a private key in PEM to sign with (default $"+signingKeyVariable+")")
	cmd.Flags().StringVar(&p.keyID, "signing-key-id", "", "the key's id, by which those who verify know it")
}

// revised are the files with another revision.
func revised(files archive.Files, revision string) (archive.Files, error) {
	if !files.Whole() {
		return nil, usage("--revision belongs into a .manifest, and the bundle has none: it gets the revision of what it is added to")
	}
	m, err := files.Manifest()
	if err != nil {
		return nil, err
	}
	m.Revision = revision
	return files.WithManifest(m)
}

// sign signs the files and remembers by what.
func (b *built) sign(files archive.Files, name, id string) (archive.Files, error) {
	key, err := signingKey(name, id)
	if err != nil {
		return nil, err
	}
	b.SignedBy, b.Algorithm = cmp.Or(id, "a key without id"), key.Algorithm()
	return archive.Sign(files, key)
}

func (c *cli) showBuilt(b built, files archive.Files) error {
	b.Digest, b.Files = files.Digest(), len(files)
	if m, err := files.Manifest(); err == nil {
		b.Revision = m.Revision
	}
	return c.show(b, func(w io.Writer) {
		signed := "nobody"
		switch {
		case b.SignedBy != "":
			signed = fmt.Sprintf("%s (%s)", b.SignedBy, b.Algorithm)
		case files[archive.SignaturesName] != nil:
			signed = "the signature that was there"
		}
		facts(w, "wrote", b.File, "files", fmt.Sprint(b.Files), "revision", b.Revision, "digest", b.Digest, "signed by", signed)
	})
}
