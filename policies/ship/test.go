package ship

import (
	"context"
	"time"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/policies/archive"
	"github.com/aegisworld/aegis/policies/author"
)

// testsTimeout bounds all tests of a candidate.
const testsTimeout = 60 * time.Second

// mostFound bounds how many faults of a bundle are told.
const mostFound = 20

// test checks a candidate and runs its tests. An InvalidError says what is
// wrong with it, or that a test does not end; tests that fail are for the
// rules about bundles to judge.
func (s *Shipper) test(ctx context.Context, files archive.Files) (aegis.PolicyTests, error) {
	_, faults := author.Check(files, nil)
	if wrong := author.Errors(faults); len(wrong) > 0 {
		messages := make([]string, len(wrong))
		for i, f := range wrong {
			messages[i] = f.String()
		}
		return aegis.PolicyTests{}, invalid(messages)
	}
	report, err := author.Test(ctx, files, author.TestOptions{Base: s.Embedded, PerTest: s.TestTimeout, Total: testsTimeout})
	if err != nil {
		return aegis.PolicyTests{}, unfit(ctx, err)
	}
	var endless []string
	for _, r := range report.Tests {
		if r.TimedOut {
			endless = append(endless, r.String())
		}
	}
	if len(endless) > 0 {
		return aegis.PolicyTests{}, invalid(endless)
	}
	return aegis.PolicyTests{
		Passed: report.Passed, Failed: report.Failed + report.Errored, Coverage: report.Coverage.Percent,
	}, nil
}

func invalid(messages []string) error {
	faults := &aegis.InvalidError{}
	for _, m := range messages[:min(len(messages), mostFound)] {
		faults.Add("bundle", clip(m))
	}
	return faults
}
