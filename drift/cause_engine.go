package drift

import (
	"github.com/aegisworld/aegis"
)

// engineCause blames the engine for a changed attribute of which no event is
// known: where it is nothing in both ways of writing that, which a provider's
// first refresh makes of what it created, and where the versions that read
// changed since the stack was last read. One upgrade is one cause, whatever it
// makes drift and in how many stacks.
func (l look) engineCause(d departure) (aegis.DriftCause, bool) {
	if d.kind != aegis.DriftChanged || d.Attribute == "" {
		return aegis.DriftCause{}, false
	}
	if aegis.Nothing(d.Before) && aegis.Nothing(d.After) {
		return aegis.DriftCause{Kind: aegis.CauseEngine, Group: fingerprint(aegis.CauseEngine, "nothing")}, true
	}
	if l.upgrade == "" || l.touched(d) {
		return aegis.DriftCause{}, false
	}
	return aegis.DriftCause{Kind: aegis.CauseEngine, Upgrade: l.upgrade, Group: fingerprint(aegis.CauseEngine, l.upgrade)}, true
}

// touched says that somebody called for the resource since it was last read, if
// not for what departs: then it is not for sure that nobody did it.
func (l look) touched(d departure) bool {
	for _, e := range l.events {
		if !e.Own && e.Means(d.resource) && (l.notBefore == nil || e.At.After(l.notBefore.Add(-readSlack))) {
			return true
		}
	}
	return false
}
