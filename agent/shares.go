package agent

import (
	"math"
	"strconv"
	"time"

	aegis "github.com/aegisworld/aegis"
)

// allot gives each task its share of the goal's budget and of the time until its
// deadline. A share of money is what the others are thought to leave, so that one task
// can't take what a later one needs, and none is refused what all may have together. A
// share of time is the same for each of the phases.
func (pl plan) allot(tasks []aegis.Task, now time.Time) {
	lim := pl.reading.limits
	for i, l := range pl.layers { // in the order of phases, each a task
		if b := lim.budget; b != nil && b.USDMonth != nil {
			left := *b.USDMonth - max(0, othersUSD(tasks, i))
			tasks[i].BudgetUSDMonth = &left
		}
		if d := lim.deadline; d != nil {
			phases := pl.layers[len(pl.layers)-1].phase + 1
			due := now.Add(d.Sub(now) * time.Duration(l.phase+1) / time.Duration(phases)).UTC()
			tasks[i].DueAt = &due
		}
	}
}

// othersUSD is by how much all tasks but one are thought to raise the cost of a month.
func othersUSD(tasks []aegis.Task, but int) (usd float64) {
	for i, t := range tasks {
		if i != but {
			usd += t.EstimatedUSDMonth
		}
	}
	return usd
}

// shareOf are the constraints that hold a task to what the goal leaves it.
func shareOf(task aegis.Task, lim limits) (constraints []string) {
	if b := lim.budget; b != nil && b.USDMonth != nil && task.BudgetUSDMonth != nil && *task.BudgetUSDMonth < *b.USDMonth {
		constraints = append(constraints, aegis.ConstraintAtMostUSDMonth+strconv.FormatFloat(math.Ceil(*task.BudgetUSDMonth*100)/100, 'f', 2, 64))
	}
	if d := lim.deadline; d != nil {
		constraints = append(constraints, aegis.ConstraintBegunBy+d.UTC().Format(time.RFC3339))
	}
	return constraints
}
