// Command pulumi-resource-aws is a stand-in for Pulumi's AWS plugin, for
// machines where the official one cannot be downloaded. It serves the part of
// pulumi-aws v6.83.0 that the estate uses by running the same provider binary
// that Terraform runs, terraform-provider-aws 5.100.0.
//
// Usage:
//
//	pulumi-resource-aws [flags] ENGINE   serve one engine, as `pulumi` starts it
//	pulumi-resource-aws                  serve engines that PULUMI_DEBUG_PROVIDERS sends
//	pulumi-resource-aws schema           print the Pulumi schema
//
// A serving plugin prints its port, and ends with its parent. Settings come
// from the environment: AEGIS_TERRAFORM_PROVIDER_AWS is the provider binary
// (else one beside this program), AEGIS_PLUGIN_CACHE a folder for what need not
// be computed twice (else the user's cache folder).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		os.Exit(1)
	}
}

// roominess is how much garbage may gather, in percent of what lives: some 40 MB
// live, and a look at a stack leaves as much again for each dozen reads.
const roominess = 200

func run(ctx context.Context, args []string) error {
	debug.SetGCPercent(roominess)
	flags := flag.NewFlagSet("pulumi-resource-aws", flag.ContinueOnError)
	showVersion := flags.Bool("version", false, "print the version")
	ignoreEngineFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *showVersion {
		_, err := fmt.Fprintln(os.Stdout, version, "(stand-in)")
		return err
	}
	binary, err := findProvider(os.Getenv("AEGIS_TERRAFORM_PROVIDER_AWS"))
	if err != nil {
		return err
	}
	cache, err := openCache(os.Getenv("AEGIS_PLUGIN_CACHE"), binary)
	if err != nil {
		return err
	}
	bridge := &bridge{processes: newPool(binary), cache: cache, upgraded: newUpgrades()}
	defer bridge.processes.close()
	if flags.Arg(0) == "schema" {
		return printSchema(ctx, bridge, os.Stdout)
	}
	return serve(ctx, bridge, flags.Arg(0), os.Stdout)
}

// ignoreEngineFlags accepts the flags that `pulumi` passes to every plugin
// when it logs or traces.
func ignoreEngineFlags(flags *flag.FlagSet) {
	for _, name := range []string{"logflow", "logtostderr"} {
		flags.Bool(name, false, "ignored")
	}
	for _, name := range []string{"tracing", "v"} {
		flags.String(name, "", "ignored")
	}
}
