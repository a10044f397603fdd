package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aegisworld/aegis/agent/tool"
)

// command is the tool's input.
type command struct {
	Argv  []string `json:"argv"`
	Stdin string   `json:"stdin,omitempty"`
	// Files are written to the scratch folder before the command starts.
	Files map[string]string `json:"files,omitempty"`
}

// outcome is the tool's answer.
type outcome struct {
	ExitCode int    `json:"exit_code"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
	// Truncated says that there was more output.
	Truncated  bool  `json:"truncated"`
	DurationMS int64 `json:"duration_ms"`
	// Killed says why the command was ended, "" when it ended by itself.
	Killed string `json:"killed"`
}

const inputSchema = `{
  "type": "object", "additionalProperties": false, "required": ["argv"],
  "properties": {
    "argv": {"type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "string", "maxLength": 65536},
      "description": "the program and its arguments; there is no shell unless the program is one"},
    "stdin": {"type": "string", "maxLength": 1048576},
    "files": {"type": "object", "maxProperties": 64, "additionalProperties": {"type": "string"},
      "description": "text files by their path below the working folder, written before the start"}
  }
}`

const outputSchema = `{
  "type": "object", "additionalProperties": false,
  "required": ["exit_code", "stdout", "stderr", "truncated", "duration_ms", "killed"],
  "properties": {
    "exit_code": {"type": "integer"},
    "stdout": {"type": "string"},
    "stderr": {"type": "string"},
    "truncated": {"type": "boolean"},
    "duration_ms": {"type": "integer"},
    "killed": {"type": "string"}
  }
}`

// parse reads and checks an input, whatever a schema said of it before.
func parse(input json.RawMessage) (command, error) {
	var c command
	if err := json.Unmarshal(input, &c); err != nil {
		return c, fmt.Errorf("%w: %w", tool.ErrInput, err)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%w: %w", tool.ErrInput, err)
	}
	return c, nil
}

func (c command) check() error {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return errors.New("argv: name a program")
	}
	if len(c.Argv) > maxArgs {
		return fmt.Errorf("argv: more than %d arguments", maxArgs)
	}
	for i, a := range c.Argv {
		if len(a) > maxArg || strings.ContainsRune(a, 0) {
			return fmt.Errorf("argv[%d]: longer than %d bytes, or with a zero byte", i, maxArg)
		}
	}
	if len(c.Stdin) > maxStdin {
		return fmt.Errorf("stdin: longer than %d bytes", maxStdin)
	}
	if len(c.Files) > maxFiles {
		return fmt.Errorf("files: more than %d", maxFiles)
	}
	sum := 0
	for name, text := range c.Files {
		sum += len(text)
		if err := checkName(name); err != nil {
			return err
		}
	}
	if sum > maxFileSum {
		return fmt.Errorf("files: more than %d bytes together", maxFileSum)
	}
	return nil
}

func checkName(name string) error {
	odd := func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError || r == '\\' }
	if len(name) > maxFileName || !filepath.IsLocal(name) || filepath.Clean(name) != name || name == "." || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("files: %q is no path below the working folder, such as data/input.csv, of %d bytes at most", name, maxFileName)
	}
	return nil
}
