package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// ErrUnsafe says that a bundle is not one to unpack: an entry leads out of it,
// is no file, comes twice, or there is too much of it. The error names the
// entry.
var ErrUnsafe = errors.New("unsafe bundle")

// maxName bounds a path, in bytes.
const maxName = 512

func unsafe(name, format string, args ...any) error {
	return fmt.Errorf("%w: entry %.200q %s", ErrUnsafe, name, fmt.Sprintf(format, args...))
}

// entryName makes a path of a tarball's name. Stock opa begins names with a
// slash, which is the bundle's root, and tar often with "./".
func entryName(raw string) (string, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(raw, "/"), "./"), "/")
	switch {
	case strings.HasPrefix(name, "/"):
		return "", unsafe(raw, "is an absolute path")
	case strings.Contains(raw, `\`):
		return "", unsafe(raw, "has a backslash")
	case len(raw) > maxName:
		return "", unsafe(raw, "has a name of %d bytes; the most is %d", len(raw), maxName)
	case strings.ContainsFunc(raw, unicode.IsControl):
		return "", unsafe(raw, "has a control character")
	case name != "" && !fs.ValidPath(name):
		return "", unsafe(raw, "leads out of the bundle or is no clean path")
	default:
		return name, nil
	}
}

// supported refuses what OPA would read and the gate would not act on, or
// would read from where nobody looks.
func supported(name string) error {
	base := path.Base(name)
	switch {
	case strings.HasSuffix(base, ManifestName) && name != ManifestName, base == SignaturesName && name != SignaturesName:
		return unsafe(name, "belongs at the root of the bundle")
	case strings.HasSuffix(base, ManifestName+".pb"):
		return unsafe(name, "is a binary manifest; write %s", ManifestName)
	case base == "patch.json":
		return unsafe(name, "makes it a delta bundle; build a whole one")
	case base == "policy.wasm", base == "plan.json", base == "plan.pb":
		return unsafe(name, "is compiled policy; build with the target rego")
	default:
		return nil
	}
}
