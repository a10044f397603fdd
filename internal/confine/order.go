package confine

// order is what the child is told to do, as JSON on its file descriptor 3.
type order struct {
	Command command `json:"command"`
	Limits  Limits  `json:"limits"`
	// Task is a proof to run in the command's place, "" for none.
	Task task `json:"task,omitempty"`
	// Addresses are listening on the host, host:port; Hidden are files of it. Both
	// are for taskLook.
	Addresses []string `json:"addresses,omitempty"`
	Hidden    []string `json:"hidden,omitempty"`
}

// task is a proof that runs in the child.
type task string

const (
	taskNone task = ""
	// taskLook looks around and prints what it should not see, a line each.
	taskLook task = "look"
	// The others try to get more than there is, and print escaped when they do.
	taskGrow  task = "grow"
	taskShare task = "share"
	taskBurn  task = "burn"
	taskSpawn task = "spawn"
	taskFill  task = "fill"
)

const (
	// escaped is what a proof prints that got more than there is.
	escaped = "escaped"
	// childArg is the child's only argument.
	childArg = "confined-child"
	// nobody is the user and the group in the child.
	nobody = 65534
	// scratch is the only folder that can be written to.
	scratch = "/scratch"
	// setupFailed is the exit code of a child that could not confine itself.
	setupFailed = 125
)
