package tfsource

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aegisworld/aegis"
)

// gitTimeout bounds the fetching of a repository.
const gitTimeout = 2 * time.Minute

// fetchGit fetches one commit. Git gets an environment built from nothing: no
// configuration but what is given here, no hooks, no submodules, no credential
// helpers, no prompt, and no protocol but those allowed.
func (s *Sources) fetchGit(ctx context.Context, g aegis.GitSource, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	if err := farAway(ctx, g.URL); err != nil {
		return "", err
	}
	clone := filepath.Join(dir, "clone")
	if err := os.Mkdir(clone, 0o700); err != nil {
		return "", fmt.Errorf("fetch %s: %w", g.URL, err)
	}
	if err := s.own(clone); err != nil {
		return "", err
	}
	// A repository on this machine may belong to somebody else.
	if err := os.WriteFile(filepath.Join(dir, "gitconfig"), []byte("[safe]\n\tdirectory = *\n"), 0o644); err != nil { //nolint:gosec // git's user reads it
		return "", fmt.Errorf("fetch %s: %w", g.URL, err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--template=", "."},
		{"fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--end-of-options", g.URL, g.Ref},
		{"-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", "--no-recurse-submodules", "FETCH_HEAD"},
	} {
		if err := s.git(ctx, clone, args...); err != nil {
			return "", err
		}
	}
	// A copy has no .git, and no link out of it.
	tree := filepath.Join(dir, "tree")
	if err := (&copier{limits: s.limits(), keepLinks: s.Programs}).folder(clone, tree); err != nil {
		return "", fmt.Errorf("copy the repository: %w", err)
	}
	work := filepath.Join(tree, g.Dir)
	if info, err := os.Stat(work); err != nil || !info.IsDir() {
		return "", aegis.Invalid("source.git.dir", "is no folder of the repository")
	}
	return work, nil
}

// farAway refuses hosts that are this machine or the metadata service of the
// cloud. Private addresses are allowed: repositories of one's own are there.
func farAway(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "file" {
		return nil //nolint:nilerr // checked before
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return fmt.Errorf("find %s: %w: %w", u.Hostname(), err, aegis.ErrUnavailable)
	}
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
			return aegis.Invalid("source.git.url", u.Hostname()+" is this machine or one of its neighbours")
		}
	}
	return nil
}

func (s *Sources) own(path string) error {
	if s.Credential == nil {
		return nil
	}
	if err := os.Chown(path, int(s.Credential.Uid), int(s.Credential.Gid)); err != nil {
		return fmt.Errorf("give the clone to its user: %w", err)
	}
	return nil
}

func (s *Sources) git(ctx context.Context, dir string, args ...string) error {
	protocols := "https:ssh"
	if s.LocalGit {
		protocols += ":file"
	}
	fixed := []string{
		"-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "core.fsmonitor=false", "-c", "core.symlinks=true",
		"-c", "http.followRedirects=false", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30",
		"-c", "protocol.allow=never",
	}
	for protocol := range strings.SplitSeq(protocols, ":") {
		fixed = append(fixed, "-c", "protocol."+protocol+".allow=always")
	}
	cmd := exec.CommandContext(ctx, "git", append(fixed, args...)...) //nolint:gosec // checked arguments
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + dir, "LANG=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + filepath.Join(filepath.Dir(dir), "gitconfig"),
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false", "GIT_ALLOW_PROTOCOL=" + protocols,
		"GIT_SSH_COMMAND=ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.Credential}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(out.String())
		if len(said) > 500 {
			said = said[len(said)-500:]
		}
		return fmt.Errorf("git %s: %w: %s: %w", args[0], err, said, aegis.ErrUnavailable)
	}
	return nil
}
