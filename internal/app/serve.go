package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/aegisworld/aegis"
)

// ServeOptions are the flags of `aegis serve`.
type ServeOptions struct {
	ConfigFile string
	// PolicyBundle is a folder that overrides whatever bundle runs.
	PolicyBundle string
	// MigrateOnly brings the control database's schema up to date and ends.
	MigrateOnly bool
	Stderr      io.Writer
}

// Serve runs the API and the workers against real services until ctx ends.
func Serve(ctx context.Context, o ServeOptions) error {
	c, err := LoadConfig(o.ConfigFile, os.Getenv)
	if err != nil {
		return err
	}
	if c.Database.URL == "" {
		c.Pulumi.BootstrapURL = "" // serving needs the database
	}
	if err := c.Validate(); err != nil {
		return err
	}
	log := newLogger(o.Stderr)
	if o.MigrateOnly {
		db, err := openDatabase(ctx, c, log)
		if err != nil {
			return err
		}
		db.Close()
		log.InfoContext(ctx, "schema is up to date")
		return nil
	}
	if o.PolicyBundle != "" {
		c.Policy.BundleDir = o.PolicyBundle
	}
	tools, err := completeTools(ctx, forEngines())
	if err != nil {
		return err
	}
	p, err := newControl(ctx, c, tools, log)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.firstToken(ctx); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	log.InfoContext(ctx, "serving", "addr", listener.Addr().String(), "environment", c.Environment)
	return p.run(ctx, listener)
}

// firstToken makes an admin's token in a file when there is no token at all.
func (p *control) firstToken(ctx context.Context) error {
	tokens, err := p.db.Tokens(ctx)
	if err != nil {
		return fmt.Errorf("list tokens: %w", err)
	}
	if len(tokens) > 0 {
		return nil
	}
	file := p.config.API.AdminTokenFile
	var secret string
	if file != "" {
		secret, err = givenToken(file)
	} else {
		file = filepath.Join(p.config.WorkDir, "admin.token")
		secret, err = tokenFile(file)
	}
	if err != nil {
		return err
	}
	p.log.InfoContext(ctx, "made the first admin token", "file", file)
	if err := p.ensureToken(ctx, "admin", secret); !errors.Is(err, aegis.ErrConflict) {
		return err
	}
	return nil // another process was first with the same token
}
