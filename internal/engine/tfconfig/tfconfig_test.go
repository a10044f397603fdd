package tfconfig_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/engine/tfconfig"
)

func TestRead(t *testing.T) {
	t.Parallel()
	c, err := tfconfig.Read(fstest.MapFS{
		"live/main.tf": {Data: []byte(`
terraform {
  backend "s3" {
    bucket       = "states"
    key          = "dns"
    use_lockfile = true
    assume_role  = { role_arn = "x" }
  }
}
variable "size" { type = number }
variable "tags" {
  type    = map(
    string
  )
  default = {}
}
variable "password" {
  type      = string
  sensitive = true
}
module "vpc" { source = "../modules/vpc" }
module "far" { source = "hashicorp/vpc/aws" }
`)},
		"live/extra.tf.json":     {Data: []byte(`{"variable":{"zone":{"type":"string","default":"a"}}}`)},
		"live/local_override.tf": {Data: []byte("terraform {\n  backend \"local\" { path = \"x.tfstate\" }\n}\n")},
		"live/README.md":         {Data: []byte("{")},
	}, "live")
	require.NoError(t, err)
	require.Equal(t, tfconfig.Config{
		Variables: []aegis.WorkspaceVariable{
			{Name: "password", Type: "string", Sensitive: true, Required: true},
			{Name: "size", Type: "number", Required: true},
			{Name: "tags", Type: "map( string )"},
			{Name: "zone", Type: "string"},
		},
		Backend: "local", Settings: map[string]string{"path": "x.tfstate"}, Modules: []string{"../modules/vpc"},
	}, c)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, says string }{
		"what can't be parsed, with file and line": {"variable \"a\" {}\nresource {", "main.tf:2:"},
		"a folder without configuration":           {"", "no Terraform configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"README": {}}
			if test.text != "" {
				files["main.tf"] = &fstest.MapFile{Data: []byte(test.text)}
			}
			_, err := tfconfig.Read(files, ".")
			require.ErrorIs(t, err, aegis.ErrInvalid)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`variable "a" { type = string }`)
	f.Add(`terraform { backend "s3" { bucket = "x" } }`)
	f.Add(`module "m" { source = "../x" }`)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = tfconfig.Read(fstest.MapFS{
			"a.tf": {Data: []byte(text)}, "b.tf.json": {Data: []byte(text)},
		}, ".")
	})
}
