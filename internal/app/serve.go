package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
)

// Serve runs the API and the workers against real services until ctx ends.
// bundleDir, when given, overrides whatever policy bundle runs.
func Serve(ctx context.Context, configFile, bundleDir string, stderr io.Writer) error {
	c, err := LoadConfig(configFile, os.Getenv)
	if err != nil {
		return err
	}
	if c.Database.URL == "" {
		c.Pulumi.BootstrapURL = "" // serving needs the database
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if bundleDir != "" {
		c.Policy.BundleDir = bundleDir
	}
	log := newLogger(stderr)
	tools, err := completeTools(ctx)
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
	file := filepath.Join(p.config.WorkDir, "admin.token")
	secret, err := tokenFile(file)
	if err != nil {
		return err
	}
	p.log.InfoContext(ctx, "made the first admin token", "file", file)
	return p.ensureToken(ctx, "admin", secret)
}
