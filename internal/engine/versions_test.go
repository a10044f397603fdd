package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"aws": "5.100.0", "random": "3.6.0"}, lockedProviders([]byte(`
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "5.100.0"
  hashes = ["h1:x"]
}

provider "registry.terraform.io/hashicorp/random" {
  version = "3.6.0"
}
`)))
	require.Empty(t, lockedProviders([]byte(`provider "x" {`)))
	e := &Engines{cfg: Config{AWSPlugin: "/p/plugins/resource-aws-v6.83.0/pulumi-resource-aws", TerraformProviderAWS: "/x/terraform-provider-aws_v5.100.0_x5"}}
	v := e.Versions(t.Context(), aegis.Stack{Kind: aegis.TargetPulumiStack})
	require.Equal(t, map[string]string{"aws": "6.83.0", "terraform-provider-aws": "5.100.0"}, v.Providers)
	require.Regexp(t, `^pulumi \d+\.`, v.Engine)
}
