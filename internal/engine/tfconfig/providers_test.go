package tfconfig_test

import (
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"github.com/aegisworld/aegis/internal/engine/tfconfig"
)

const withProviders = `
terraform {
  required_providers {
    amazon = { source = "hashicorp/aws", configuration_aliases = [amazon.other] }
    random = "3.0"
  }
}
locals {
  region = "${var.prefix}-west-1"
  zone   = "${local.region}a"
  upper  = upper(var.prefix)
}
provider "amazon" {
  region = local.region
}
provider "amazon" {
  alias  = "east"
  region = local.upper
}
provider "random" {}
`

const aws = "registry.terraform.io/hashicorp/aws"

func region(t *testing.T, body hcl.Body, values map[string]cty.Value) (cty.Value, bool) {
	t.Helper()
	attributes, faults := body.JustAttributes()
	require.False(t, faults.HasErrors())
	v, faults := attributes["region"].Expr.Value(&hcl.EvalContext{Variables: values})
	return v, !faults.HasErrors()
}

func TestProviders(t *testing.T) {
	t.Parallel()
	c, err := tfconfig.Read(fstest.MapFS{"main.tf": {Data: []byte(withProviders)}}, ".")
	require.NoError(t, err)
	values := c.Values(map[string]cty.Value{"prefix": cty.StringVal("eu")}, "prod")
	body, ok := c.Provider(aws, "")
	require.True(t, ok)
	got, known := region(t, body, values)
	require.True(t, known)
	require.Equal(t, cty.StringVal("eu-west-1"), got)
	require.Equal(t, cty.StringVal("eu-west-1a"), values["local"].GetAttr("zone"))
	require.Equal(t, cty.StringVal("prod"), values["terraform"].GetAttr("workspace"))

	body, ok = c.Provider(aws, "east")
	require.True(t, ok)
	_, known = region(t, body, values)
	require.False(t, known, "what a function makes is not known")

	_, ok = c.Provider(aws, "west")
	require.False(t, ok, "an alias needs its block")
	body, ok = c.Provider("registry.terraform.io/hashicorp/null", "")
	require.True(t, ok, "a provider without a block has an empty configuration")
	attributes, _ := body.JustAttributes()
	require.Empty(t, attributes)
}

func TestProvidersThatAreNotPlain(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"an override":       {"main.tf": {Data: []byte(withProviders)}, "a_override.tf": {Data: []byte("provider \"amazon\" {\n  region = \"x\"\n}\n")}},
		"override of local": {"main.tf": {Data: []byte(withProviders)}, "override.tf": {Data: []byte("locals {\n  region = \"x\"\n}\n")}},
		"two of a kind":     {"main.tf": {Data: []byte(withProviders + "provider \"amazon\" {}\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := tfconfig.Read(files, ".")
			require.NoError(t, err)
			_, ok := c.Provider(aws, "")
			require.False(t, ok)
		})
	}
}
