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
// share of time is the same for each task of a chain.
func allot(tasks []aegis.Task, lim limits, now time.Time) {
	depths, last := depthsOf(tasks)
	for i := range tasks {
		if b := lim.budget; b != nil && b.USDMonth != nil {
			left := *b.USDMonth - max(0, othersUSD(tasks, i))
			tasks[i].BudgetUSDMonth = &left
		}
		if d := lim.deadline; d != nil {
			due := now.Add(d.Sub(now) * time.Duration(depths[tasks[i].TaskID]) / time.Duration(last)).UTC()
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

// depthsOf counts, for each task, those of the longest chain that ends with it. Tasks
// come after those that they depend on.
func depthsOf(tasks []aegis.Task) (depths map[string]int, last int) {
	depths = map[string]int{}
	for _, t := range tasks {
		depth := 1
		for _, before := range t.DependsOn {
			depth = max(depth, depths[before]+1)
		}
		depths[t.TaskID] = depth
		last = max(last, depth)
	}
	return depths, last
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
