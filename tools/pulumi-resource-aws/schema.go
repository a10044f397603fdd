package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// printSchema writes the Pulumi package schema as JSON.
func printSchema(ctx context.Context, b *bridge, w io.Writer) error {
	info, _, err := b.info(ctx)
	if err != nil {
		return err
	}
	schema, err := pulumiSchema(info)
	if err != nil {
		return err
	}
	_, err = w.Write(append(schema, '\n'))
	return err
}

// schemaOf answers GetSchema, deriving the schema when first asked.
func schemaOf(info tfbridge.ProviderInfo) func(context.Context, plugin.GetSchemaRequest) ([]byte, error) {
	once := sync.OnceValues(func() ([]byte, error) { return pulumiSchema(info) })
	return func(context.Context, plugin.GetSchemaRequest) ([]byte, error) { return once() }
}

func pulumiSchema(info tfbridge.ProviderInfo) ([]byte, error) {
	generated, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    info,
		XInMemoryDocs:   true,
		DiagnosticsSink: diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never}),
	})
	if err != nil {
		return nil, fmt.Errorf("generate the Pulumi schema: %w", err)
	}
	generated.PackageSpec.Version = info.Version
	return json.Marshal(generated.PackageSpec)
}
