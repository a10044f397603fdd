package models

import (
	"fmt"
	"strings"

	"github.com/aegisworld/aegis/agent/model"
)

// answerTool is the tool through which models give structured answers.
const answerTool = "answer"

// draft is an answer that is being assembled from a stream.
type draft struct {
	text strings.Builder
	// tool is the structured answer; called is the name of the tool.
	tool   strings.Builder
	called string
	answer model.Answer
	stop   string
	// ended says that the stream said itself that it is at its end.
	ended bool
}

// say adds text.
func (d *draft) say(s string) error { return d.add(&d.text, s) }

// fill adds arguments of a tool.
func (d *draft) fill(s string) error { return d.add(&d.tool, s) }

func (d *draft) add(b *strings.Builder, s string) error {
	if d.text.Len()+d.tool.Len()+len(s) > model.MaxAnswerBytes {
		return &model.CallError{Kind: model.ErrTooLarge, Detail: fmt.Sprintf("the answer is longer than %d bytes", model.MaxAnswerBytes)}
	}
	_, _ = b.WriteString(s)
	return nil
}

// call begins a tool's arguments. Only the tool that was offered is known, and
// it is called once.
func (d *draft) call(name string) error {
	if name != answerTool {
		return &model.CallError{Kind: model.ErrBadAnswer, Detail: fmt.Sprintf("it called the unknown tool %q", safe(name, ""))}
	}
	if d.called != "" {
		return &model.CallError{Kind: model.ErrBadAnswer, Detail: "it called the tool twice"}
	}
	d.called = name
	return nil
}

// What ends an answer, beside its natural end.
type ending int

const (
	endWell ending = iota
	endRefused
	endTooLong
	endUnknown
)

// finish returns the whole answer, or why it is none.
func (d *draft) finish(how ending) (model.Answer, error) {
	if !d.ended {
		return d.partly(), &model.CallError{Kind: model.ErrTruncated, Detail: "the stream ended before the answer did"}
	}
	d.answer.Text = d.text.String()
	if d.called != "" {
		d.answer.Text = d.tool.String()
	}
	switch how {
	case endWell:
		return d.answer, nil
	case endRefused:
		return d.answer, &model.CallError{Kind: model.ErrRefused, Detail: safe(d.text.String(), "")}
	case endTooLong:
		return d.answer, &model.CallError{Kind: model.ErrTooLarge, Detail: "the answer does not fit max_tokens or the window"}
	case endUnknown:
		fallthrough
	default:
		return d.answer, &model.CallError{Kind: model.ErrBadAnswer, Detail: fmt.Sprintf("it stopped for %q", safe(d.stop, ""))}
	}
}

// partly is what is known of an answer that is not whole. What a provider says
// of the tokens before the end is not all that is paid for.
func (d *draft) partly() model.Answer {
	answer := d.answer
	answer.Metered = answer.Metered && d.ended
	return answer
}

// meter takes what the provider says is paid for.
func (d *draft) meter(input, output int64) {
	d.answer.InputTokens, d.answer.OutputTokens, d.answer.Metered = int(input), int(output), true
}
