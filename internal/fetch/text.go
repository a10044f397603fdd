package fetch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// decode returns the media type of a body and its text in UTF-8; errType when it is
// no text. A server that names no type is not believed to send text.
func decode(body io.Reader, contentType string) (kind string, text io.Reader, err error) {
	buffered := bufio.NewReaderSize(body, 1024)
	start, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", nil, err
	}
	if len(start) == 0 {
		return "text/plain", buffered, nil
	}
	if contentType == "" {
		contentType = http.DetectContentType(start)
	}
	kind, _, err = mime.ParseMediaType(contentType)
	if err != nil || !isText(kind) || strings.ContainsRune(string(start), 0) && !strings.Contains(strings.ToLower(contentType), "utf-16") {
		return "", nil, fmt.Errorf("%w: content type %.100q", errType, contentType)
	}
	text, err = charset.NewReader(buffered, contentType)
	if errors.Is(err, io.EOF) {
		return kind, buffered, nil
	}
	return kind, text, err
}

func isText(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml") && kind != "image/svg+xml" ||
		slices.Contains([]string{
			"application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml",
			"application/javascript", "application/x-ndjson", "application/jsonl", "application/sql",
		}, kind)
}

// htmlText returns what a page says, a line for each block, until there is more than
// maxText of it. Scripts, styles and what is never shown are left out.
func htmlText(page io.Reader) (string, error) {
	tokens := html.NewTokenizer(page)
	tokens.SetMaxBuf(maxBody)
	var w writer
	for w.b.Len() <= maxText {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				return "", err
			}
			return strings.TrimSpace(w.b.String()), nil
		case html.TextToken:
			w.text(string(tokens.Text()))
		case html.StartTagToken:
			name, _ := tokens.TagName()
			w.open(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			w.close(atom.Lookup(name))
		case html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			w.lineFor(atom.Lookup(name))
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return strings.TrimSpace(w.b.String()), nil
}

// writer joins a page's text.
type writer struct {
	b strings.Builder
	// hidden is the element that hides what is in it, 0 outside of one.
	hidden atom.Atom
	// apart is that a space or the end of a line is due before the next word.
	apart string
}

func (w *writer) text(s string) {
	if w.hidden != 0 {
		return
	}
	words := strings.Fields(s)
	if len(words) == 0 || s[0] == ' ' || s[0] == '\n' || s[0] == '\t' || s[0] == '\r' {
		w.due(" ")
	}
	if len(words) == 0 {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteString(w.apart)
	}
	w.b.WriteString(strings.Join(words, " "))
	w.apart = ""
	if last := s[len(s)-1]; last == ' ' || last == '\n' || last == '\t' || last == '\r' {
		w.due(" ")
	}
}

func (w *writer) due(s string) {
	if w.apart != "\n" {
		w.apart = s
	}
}

func (w *writer) open(a atom.Atom) {
	w.lineFor(a)
	if w.hidden == 0 && hides(a) {
		w.hidden = a
	}
}

func (w *writer) close(a atom.Atom) {
	if w.hidden == a {
		w.hidden = 0
	}
	w.lineFor(a)
}

func hides(a atom.Atom) bool {
	return slices.Contains([]atom.Atom{atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Iframe, atom.Object}, a)
}

// lineFor ends a line where an element is no part of one. Cells stay in theirs.
func (w *writer) lineFor(a atom.Atom) {
	switch a { //nolint:exhaustive // elements are many, and most are blocks
	case atom.Td, atom.Th:
		w.due(" ")
	case 0, atom.A, atom.B, atom.I, atom.U, atom.S, atom.Em, atom.Strong, atom.Span, atom.Code, atom.Small, atom.Sub, atom.Sup, atom.Img,
		atom.Mark, atom.Kbd, atom.Abbr, atom.Time, atom.Label, atom.Font, atom.Q, atom.Cite, atom.Del, atom.Ins, atom.Var, atom.Samp:
	default:
		w.due("\n")
	}
}
