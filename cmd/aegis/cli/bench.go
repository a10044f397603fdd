package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// BenchOptions are the flags of `aegis bench NAME`.
type BenchOptions struct {
	// Name is that of one of the benchmarks; "" is all of them.
	Name string
	// Kills are those of chaos at each point, shared by so many Sandboxes.
	Kills, Sandboxes int
	// Memories are searched, Sessions are goals that are open at once.
	Memories, Sessions int
	// Only are ids of goals, Limit the most of them; none and 0 are all.
	Only  []string
	Limit int
	// Apply submits a sample of goals for real.
	Apply bool
	// Model is the id of one of the models of ConfigFile that reads goals.
	Model, ConfigFile string
	// JSON is the score of goals in JSON; LogFile gets what sandboxes say.
	JSON    bool
	LogFile string
}

// benchmark is a verb below bench.
type benchmark struct {
	name, short string
	// flags adds those that it alone has; nil adds none.
	flags func(c *cli, f *pflag.FlagSet, o *BenchOptions)
}

func benchmarks() []benchmark {
	return []benchmark{
		{"startup", "Time the program's start", nil},
		{"acknowledge", "Time until a goal is acknowledged, and planned", nil},
		{"goals", "Judge plans of 196 goals in people's own words", benchGoals},
		{"latency", "Time a goal from its submission to its promotion", nil},
		{"gate", "Time policy decisions, beside OPA's own evaluation", nil},
		{"replay", "Judge recorded decisions by another bundle", nil},
		{"reload", "Exchange policy bundles under load", nil},
		{"drift", "Time until drift is reported, and corrected", nil},
		{"events", "Take in 10,000 cloud events a minute, hostile ones among them", nil},
		{"memory", "Search agents' memories, with pgvector and without", func(_ *cli, f *pflag.FlagSet, o *BenchOptions) {
			f.IntVar(&o.Memories, "memories", o.Memories, "memories that are searched")
		}},
		{"sweep", "Look at stacks for drift, beside the stock engines", nil},
		{"ledger", "Reserve models' money by processes that are killed", nil},
		{"kernel", "Time the steps of a goal without a model and tools", nil},
		{"sessions", "Hold goals open, and time until one is picked up", func(_ *cli, f *pflag.FlagSet, o *BenchOptions) {
			f.IntVar(&o.Sessions, "sessions", o.Sessions, "goals that are open at once")
		}},
		{"estate", "Make the full estate, look at it and destroy it", nil},
		{"chaos", "Kill the process in every phase, and count the damage", func(_ *cli, f *pflag.FlagSet, o *BenchOptions) {
			f.IntVar(&o.Kills, "n", o.Kills, "kills at each point")
			f.IntVar(&o.Sandboxes, "sandboxes", o.Sandboxes, "sandboxes that share the kills, side by side")
		}},
	}
}

func benchGoals(c *cli, f *pflag.FlagSet, o *BenchOptions) {
	f.StringVarP(&c.output, "output", "o", "text", "text or json")
	f.BoolVar(&o.Apply, "apply", false, "submit a sample of 20 goals with good plans for real, and wait for their ends")
	f.StringSliceVar(&o.Only, "only", nil, "ids of the goals that are planned")
	f.IntVar(&o.Limit, "limit", 0, "most goals that are planned; 0 is all")
	f.StringVar(&o.Model, "model", "", "id of the configured model that reads goals which the built-in planner can't")
	f.StringVar(&o.ConfigFile, "config", "", "configuration whose models has that model")
}

func (c *cli) bench() *cobra.Command {
	o := BenchOptions{Kills: 3, Sandboxes: 1, Memories: 100_000, Sessions: 10_000}
	run := func(name string) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			if err := c.checkOutput(); err != nil {
				return err
			}
			o.Name, o.JSON = name, c.output == "json"
			return c.ops.Bench(cmd.Context(), o, c.Out)
		}
	}
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure this build, as ratios", Args: noArgs, RunE: run(""),
		Long: "Measure this build against sandboxes of its own, as ratios to peers measured in the same run. Without a name all\n" +
			"are run, which takes hours. It fails when a figure is out of its bounds.",
		Example: "  aegis bench goals -o json\n  aegis bench chaos --n 3",
	}
	cmd.PersistentFlags().StringVar(&o.LogFile, "log", "", "file that gets the sandboxes' output")
	for _, b := range benchmarks() {
		verb := &cobra.Command{Use: b.name, Short: b.short, Args: noArgs, RunE: run(b.name)}
		if b.flags != nil {
			b.flags(c, verb.Flags(), &o)
		}
		cmd.AddCommand(verb)
	}
	cmd.AddCommand(&cobra.Command{
		Use: "ledger-worker", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.ops.LedgerWorker(cmd.Context(), c.Out) },
	})
	return cmd
}
