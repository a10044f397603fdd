package stacks

import (
	"crypto/rand"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// draws are the texts that a program drew, by what they are for. A plan and its
// apply run one program twice and must see the same; another program draws anew.
type draws struct{ texts sync.Map }

func (d *draws) text(purpose string) string {
	text, _ := d.texts.LoadOrStore(purpose, rand.Text())
	return text.(string) //nolint:forcetypeassert // nothing else is stored
}

// drawn is a value made of a text that nobody knows, of 26 letters and digits. The
// first one counts where the resource ignores changes of it. It is a secret, so that
// the digest of a plan is the same whoever draws.
func (s *stack) drawn(purpose string, value func(text string) string) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(value(s.draws.text(purpose)))).(pulumi.StringOutput) //nolint:forcetypeassert // as ToSecret promises
}
