package tfsource

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfconfig"
)

// RootsSetting is the setting that says which folders may be adopted.
const RootsSetting = "terraform.roots"

// Sources fetches workspaces.
type Sources struct {
	// Roots are the folders below which working directories and local states may
	// be; "/" is any.
	Roots []string
	// LocalGit lets repositories be folders of this machine, too.
	LocalGit bool
	// Archives keeps what was uploaded; nil offers no archives.
	Archives Archives
	// Credential is the user that git runs as; nil is this process's.
	Credential *syscall.Credential
	// Limits bound what is copied; the zero value is DefaultLimits.
	Limits Limits
	// Programs says that the folders are of programs, in any language, and not of
	// Terraform's modules. Links that lead out are copied as they are: programs'
	// environments have them, and whoever follows one in the copy sees no more than
	// he may.
	Programs bool
}

// Archives keeps uploaded archives where every worker finds them, by the
// SHA-256 in hex of their plain content.
type Archives interface {
	SaveArchive(ctx context.Context, digest string, archive []byte) error
	// Archive returns aegis.ErrNotFound when there is none.
	Archive(ctx context.Context, digest string) ([]byte, error)
}

// Limits bound a workspace's files; sizes are in bytes.
type Limits struct {
	Packed, Total, File int64
	Files               int
}

// DefaultLimits are 11 MiB packed, 64 MiB in all, 16 MiB a file, 10,000 files.
func DefaultLimits() Limits {
	return Limits{Packed: 11 << 20, Total: 64 << 20, File: 16 << 20, Files: 10_000}
}

// ProjectLimits are larger, as the folders of programs have what they depend on:
// 11 MiB packed, 1 GiB in all, 256 MiB a file, 200,000 files.
func ProjectLimits() Limits {
	return Limits{Packed: 11 << 20, Total: 1 << 30, File: 256 << 20, Files: 200_000}
}

func (s *Sources) limits() Limits {
	if s.Limits == (Limits{}) {
		return DefaultLimits()
	}
	return s.Limits
}

// Allow resolves the symbolic links of a path and says whether it may be
// touched. What does not exist yet is resolved through its folder.
func (s *Sources) Allow(path string) (string, error) {
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		return "", aegis.Invalid("source.path", "give an absolute path on the server")
	}
	target, err := resolve(path)
	for _, root := range s.Roots {
		resolved, rootErr := filepath.EvalSymlinks(root)
		if rootErr == nil && err == nil && within(resolved, target) {
			return target, nil
		}
	}
	// Whether a path outside the roots exists is nobody's business.
	if err != nil && slices.Contains(s.Roots, "/") {
		return "", aegis.Invalid("source.path", fmt.Sprintf("%s can't be reached: %s", path, reason(err)))
	}
	if len(s.Roots) == 0 {
		return "", aegis.Invalid("source.path", "no folder of the server may be adopted; set "+RootsSetting)
	}
	return "", aegis.Invalid("source.path", fmt.Sprintf("%s is not below one of the folders that %s allows", path, RootsSetting))
}

// resolve follows symbolic links as far as the path exists.
func resolve(path string) (string, error) {
	path = filepath.Clean(path)
	target, err := filepath.EvalSymlinks(path)
	if !os.IsNotExist(err) || path == "/" {
		return target, err
	}
	if _, lerr := os.Lstat(path); lerr == nil {
		return "", err // a link that leads nowhere
	}
	if target, err = resolve(filepath.Dir(path)); err != nil {
		return "", err
	}
	return filepath.Join(target, filepath.Base(path)), nil
}

func reason(err error) string {
	if os.IsNotExist(err) {
		return "it does not exist"
	}
	if os.IsPermission(err) {
		return "permission denied"
	}
	return "it can't be resolved"
}

func within(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// Check says whether a source is one to adopt, and returns it with its path
// resolved. All faults are named.
func (s *Sources) Check(src aegis.WorkspaceSource) (aegis.WorkspaceSource, error) {
	var faults aegis.InvalidError
	given := 0
	for _, is := range []bool{src.Path != "", src.Git != nil, src.Archive != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		faults.Add("source", "give exactly one of path, git and archive")
	}
	if src.Path != "" {
		target, err := s.Allow(src.Path)
		if err == nil {
			err = isFolder(target)
		}
		if invalid, ok := err.(*aegis.InvalidError); ok { //nolint:errorlint // made here
			faults.Faults = append(faults.Faults, invalid.Faults...)
		}
		src.Path = target
	}
	if src.Git != nil {
		s.checkGit(*src.Git, &faults)
	}
	if src.Dir != "" && !filepath.IsLocal(src.Dir) {
		faults.Add("source.dir", "must be a folder of the archive")
	}
	for i, name := range src.VarFiles {
		if filepath.IsAbs(name) && src.Path != "" {
			if _, err := s.Allow(name); err != nil {
				faults.Add(fmt.Sprintf("source.var_files.%d", i), "is not below one of the folders that "+RootsSetting+" allows")
			}
		} else if !filepath.IsLocal(name) {
			faults.Add(fmt.Sprintf("source.var_files.%d", i), "must be a file of the workspace")
		}
	}
	s.checkValues(src, &faults)
	return src, faults.OrNil()
}

// checkValues refuses secrets: a source is shown and stored as it is.
func (s *Sources) checkValues(src aegis.WorkspaceSource, faults *aegis.InvalidError) {
	for _, name := range slices.Sorted(maps.Keys(src.BackendConfig)) {
		if name == "access_key" || secretive(name) {
			faults.Add("source.backend_config."+name, "no credentials belong here: the session of a run reaches the state")
		}
	}
	sensitive := map[string]bool{}
	if src.Path != "" && len(src.Variables) > 0 {
		if c, err := tfconfig.Read(os.DirFS(src.Path), "."); err == nil {
			for _, v := range c.Variables {
				sensitive[v.Name] = v.Sensitive
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(src.Variables)) {
		if sensitive[name] || secretive(name) {
			faults.Add("source.variables."+name, "is sensitive: keep its value in a file of the workspace")
		}
	}
}

func secretive(name string) bool {
	return regexp.MustCompile(`(?i)(password|passphrase|secret|token|private_key|api_key|credential)`).MatchString(name)
}

func isFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return aegis.Invalid("source.path", path+" is no folder")
	}
	return nil
}

var (
	gitRef  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$`)
	gitURL  = regexp.MustCompile(`^(https|ssh)://([A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/@%+-]+$`)
	fileURL = regexp.MustCompile(`^file:///[A-Za-z0-9._~/@%+-]+$`)
)

func (s *Sources) checkGit(g aegis.GitSource, faults *aegis.InvalidError) {
	switch {
	case fileURL.MatchString(g.URL):
		if _, err := s.Allow(strings.TrimPrefix(g.URL, "file://")); err != nil || !s.LocalGit {
			faults.Add("source.git.url", "repositories on the server itself are not allowed here")
		}
	case !gitURL.MatchString(g.URL):
		faults.Add("source.git.url", "must be https:// or ssh://, without a password")
	}
	if !gitRef.MatchString(g.Ref) || strings.Contains(g.Ref, "..") || strings.HasSuffix(g.Ref, ".lock") {
		faults.Add("source.git.ref", "must be a branch, a tag or a commit")
	}
	if g.Dir != "" && !filepath.IsLocal(g.Dir) {
		faults.Add("source.git.dir", "must be a folder of the repository")
	}
}

// Fetch copies the workspace's files below dir, which is empty, and returns the
// working directory there.
func (s *Sources) Fetch(ctx context.Context, src aegis.WorkspaceSource, dir string) (string, error) {
	src, err := s.Check(src) // the settings may have changed, and links, too
	if err != nil {
		return "", err
	}
	switch {
	case src.Git != nil:
		return s.fetchGit(ctx, *src.Git, dir)
	case src.Archive != "":
		return s.fetchArchive(ctx, src, dir)
	default:
		return s.copyFolder(src.Path, dir)
	}
}
