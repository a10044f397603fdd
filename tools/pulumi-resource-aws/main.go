// Command pulumi-resource-aws is a stand-in for Pulumi's AWS plugin, for
// machines where the official one cannot be downloaded. It serves the part of
// pulumi-aws v6.83.0 that the estate uses by running the same provider binary
// that Terraform runs, terraform-provider-aws 5.100.0.
//
// Usage:
//
//	pulumi-resource-aws ENGINE   serve one engine, as `pulumi` starts it
//	pulumi-resource-aws serve    serve many engines until standard input ends
//	pulumi-resource-aws schema   print the Pulumi schema
//
// Settings come from the environment: AEGIS_TERRAFORM_PROVIDER_AWS is the
// provider binary (else one beside this program), AEGIS_PLUGIN_CACHE a folder
// for what need not be computed twice (else the user's cache folder).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
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

func run(ctx context.Context, args []string) error {
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	if verb == "--version" || verb == "-version" {
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
	processes := newPool(binary)
	defer processes.close()
	bridge := &bridge{processes: processes, cache: cache}
	switch verb {
	case "schema":
		return printSchema(ctx, bridge, os.Stdout)
	case "serve":
		return serveMany(ctx, bridge, os.Stdin, os.Stdout)
	default:
		return serveEngine(ctx, bridge)
	}
}
