package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/aegisworld/aegis/client"
)

// textWriter drops control characters, so that what others wrote into goals and
// errors can't drive the terminal.
type textWriter struct{ w io.Writer }

// Write passes on what can be printed.
func (t *textWriter) Write(b []byte) (int, error) {
	_, err := io.WriteString(t.w, strings.Map(printable, string(b)))
	return len(b), err
}

func printable(r rune) rune {
	if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
		return -1
	}
	return r
}

// api is the client that flags and environment name.
func (c *cli) api() *client.Client {
	c.url = cmp.Or(c.url, c.getenv("AEGIS_URL"), "http://127.0.0.1:8080")
	return client.New(c.url, cmp.Or(c.token, c.getenv("AEGIS_TOKEN")))
}

// show writes a value as JSON, or as text by a function.
func (c *cli) show(v any, text func(w io.Writer)) error {
	if c.output == "json" {
		return writeJSON(c.Out, v)
	}
	var b strings.Builder
	text(&b)
	_, err := io.WriteString(c.Out, b.String())
	return err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table writes rows of equal length under headings.
func table(w io.Writer, headings string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, strings.ReplaceAll(headings, " ", "\t")) // into memory
	for _, row := range rows {
		_, _ = fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush()
}

// columns writes rows of equal length, indented, without headings.
func columns(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(t, "  "+strings.TrimRight(strings.Join(row, "\t"), "\t")) // into memory
	}
	_ = t.Flush()
}

// facts writes names and values, without the empty ones.
func facts(w io.Writer, pairs ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			_, _ = fmt.Fprintf(t, "%s\t%s\n", pairs[i], strings.ReplaceAll(pairs[i+1], "\n", "\n\t")) // into memory
		}
	}
	_ = t.Flush()
}

// more tells how to get the rest of a list.
func more(w io.Writer, next string) {
	if next != "" {
		_, _ = fmt.Fprintf(w, "\nThere is more: --cursor %s\n", next) // into memory
	}
}

// ago is the time since t in one unit.
func (c *cli) ago(t time.Time) string {
	d := c.now().Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d d ago", int(d.Hours()/24))
	}
}

func (c *cli) agoPtr(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return c.ago(*t)
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

// short makes a text one line of at most n runes.
func short(s string, n int) string {
	return clip(strings.Join(strings.Fields(s), " "), n)
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
