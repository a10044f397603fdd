package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aegisworld/aegis"
)

// tfLog reads Terraform's JSON log: errors for the message, resource hooks for
// progress. See https://developer.hashicorp.com/terraform/internals/machine-readable-ui
type tfLog struct {
	run aegis.StackRun

	mu     sync.Mutex
	rest   []byte
	errors []string
	// placed says that an error names a place in the configuration.
	placed bool
}

type tfLine struct {
	Type       string `json:"type"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
		Range    *struct {
			Filename string `json:"filename"`
			Start    struct {
				Line int `json:"line"`
			} `json:"start"`
		} `json:"range"`
	} `json:"diagnostic"`
	Hook struct {
		Action   string `json:"action"`
		Resource struct {
			Addr string `json:"addr"`
			Type string `json:"resource_type"`
		} `json:"resource"`
	} `json:"hook"`
}

// Write takes in a part of the log.
func (l *tfLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.rest = rest
		var entry tfLine
		if json.Unmarshal(line, &entry) == nil {
			l.take(entry)
		}
	}
}

func (l *tfLog) take(e tfLine) {
	switch e.Type {
	case "diagnostic":
		if e.Diagnostic.Severity == "error" {
			l.errors = append(l.errors, e.message())
			l.placed = l.placed || e.Diagnostic.Range != nil
		}
	case "apply_start":
		l.progress(e, "started")
	case "apply_complete":
		l.progress(e, "done")
	case "apply_errored":
		l.progress(e, "failed")
	}
}

func (e tfLine) message() string {
	msg := e.Diagnostic.Summary
	if d := strings.TrimSpace(e.Diagnostic.Detail); d != "" {
		msg += ": " + d
	}
	if e.Diagnostic.Address != "" {
		msg = e.Diagnostic.Address + ": " + msg
	}
	if r := e.Diagnostic.Range; r != nil {
		msg = fmt.Sprintf("%s:%d: %s", r.Filename, r.Start.Line, msg)
	}
	return msg
}

func (l *tfLog) progress(e tfLine, status string) {
	if l.run.Progress == nil {
		return
	}
	l.run.Progress(aegis.ResourceEvent{
		StackID: l.run.Stack.StackID, Address: e.Hook.Resource.Addr, Type: e.Hook.Resource.Type,
		Action: aegis.Action(e.Hook.Action), Status: status,
	})
}

// failure is what went wrong, in the words of the log when there is one: where
// Terraform names a place in the configuration, so does this.
func (w *tfWorkspace) failure(doing string, err error, log *tfLog) error {
	var lines []string
	placed := doing == "init" && onLine().MatchString(err.Error())
	if log != nil {
		log.mu.Lock()
		lines = append(lines, log.errors...)
		placed = doing == "plan" && log.placed
		log.mu.Unlock()
	}
	if len(lines) == 0 {
		lines = []string{lastLines(told(err.Error()), 12)}
	}
	text := strings.Join(lines, "; ")
	if info, ok := complained(text + "\n" + err.Error()); ok {
		return locked(info, w.cfg.Now())
	}
	base := w.path("files") + "/"
	text = strings.ReplaceAll(scrub(text, append(w.secrets, secretValues(w.run.Spec, "")...)), base, "")
	failed := classify("terraform " + doing + ": " + text)
	if placed && !errors.Is(failed, aegis.ErrProvider) && !errors.Is(failed, aegis.ErrUnavailable) {
		return fmt.Errorf("%w: %w", aegis.ErrInvalid, failed)
	}
	return failed
}

func onLine() *regexp.Regexp { return regexp.MustCompile(`(?m)^[\s│]*on \S+ line \d+`) }

// told is a message without the frame that Terraform draws around it and the
// lines of the configuration, which may hold secrets, that it quotes.
func told(msg string) string {
	msg = strings.Map(unframe, msg)
	msg = regexp.MustCompile(`(?m)^\s*\d+:.*$|^exit status \d+\n`).ReplaceAllString(msg, "")
	return regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(msg, "")
}

// unframe drops the frame that Terraform draws around messages.
func unframe(r rune) rune {
	if strings.ContainsRune("╷│╵", r) {
		return -1
	}
	return r
}
