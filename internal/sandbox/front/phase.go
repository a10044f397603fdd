package front

import "time"

// settleTime is how long a resource of the front's own takes to get ready, or to
// go away, by the front's clock.
const settleTime = 2 * time.Second

// phase is where a resource is in its life.
type phase struct {
	created, ready, deleted time.Time
	doing                   string
}

func begun(m moment, doing string) phase {
	return phase{created: m.at, ready: m.at.Add(settleTime), doing: doing}
}

// change says that the resource is busy for a while.
func (p *phase) change(m moment, doing string) { p.doing, p.ready = doing, m.at.Add(settleTime) }

// status is what the resource is doing, or rest when it is done.
func (p *phase) status(m moment, rest string) string {
	switch {
	case !p.deleted.IsZero():
		return "deleting"
	case m.at.Before(p.ready):
		return p.doing
	default:
		return rest
	}
}

// gone says that the resource is deleted and no longer there.
func (p *phase) gone(m moment) bool {
	return !p.deleted.IsZero() && !m.at.Before(p.deleted.Add(settleTime))
}

// busy says that the resource takes no changes.
func (p *phase) busy(m moment) bool { return !p.deleted.IsZero() || m.at.Before(p.ready) }
