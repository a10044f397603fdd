package rollout

import "github.com/aegisworld/aegis"

// The statuses of aegis.StackProgress.
const (
	planned     = "planned"
	applying    = "applying"
	applied     = "applied"
	verified    = "verified"
	rollingBack = "rolling_back"
	rolledBack  = "rolled_back"
)

// touched lists the stacks that may differ from what they were, and that are
// not undone yet.
func touched(cs *aegis.AutonomousChangeSet) []string {
	var ids []string
	for _, p := range cs.Progress {
		switch p.Status {
		case applying, applied, verified, rollingBack:
			ids = append(ids, p.StackID)
		}
	}
	return ids
}

// everTouched says that an engine wrote to any stack.
func everTouched(cs *aegis.AutonomousChangeSet) bool {
	for _, p := range cs.Progress {
		if p.Status != planned {
			return true
		}
	}
	return false
}
