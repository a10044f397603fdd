package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/zclconf/go-cty/cty"

	"github.com/aegisworld/aegis"
)

// Versions are those of the engine and the providers that read the stack. What
// can't be found out is left out.
func (e *Engines) Versions(ctx context.Context, stack aegis.Stack) aegis.EngineVersions {
	if stack.Kind == aegis.TargetTerraformWorkspace {
		if e.terraform == nil {
			return aegis.EngineVersions{}
		}
		v := aegis.EngineVersions{Providers: lockedProviders(e.terraform.place.mark(placeID(stack.StackID)).Dependencies)}
		if version := e.terraformVersion.get(ctx, e.cfg); version != "" {
			v.Engine = "terraform " + version
		}
		return v
	}
	return aegis.EngineVersions{Engine: "pulumi " + sdk.Version.String(), Providers: e.pluginVersions()}
}

// pluginVersions are those of the AWS plugin, by its folder, and of the provider
// that the stand-in for it runs, by its name.
func (e *Engines) pluginVersions() map[string]string {
	found := map[string]string{}
	if m := regexp.MustCompile(`^resource-([a-z0-9-]+)-v(\d[\w.+-]*)$`).FindStringSubmatch(filepath.Base(filepath.Dir(e.cfg.AWSPlugin))); m != nil {
		found[m[1]] = m[2]
	}
	if m := regexp.MustCompile(`^terraform-provider-aws_v(\d+\.\d+\.\d+)`).FindStringSubmatch(filepath.Base(e.cfg.TerraformProviderAWS)); m != nil {
		found["terraform-provider-aws"] = m[1]
	}
	return found
}

// lockedVersions are the versions of the providers in a dependency lock file, by
// their sources; none of a file that can't be read.
func lockedVersions(text []byte) map[string]string {
	found := map[string]string{}
	file, faults := hclsyntax.ParseConfig(text, dependencyLock, hcl.InitialPos)
	if faults.HasErrors() {
		return found
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return found
	}
	plain := regexp.MustCompile(`^[0-9A-Za-z.+-]{1,60}$`)
	for _, block := range body.Blocks {
		version := block.Body.Attributes["version"]
		if block.Type != "provider" || len(block.Labels) != 1 || len(block.Labels[0]) > 200 || version == nil || len(found) == 100 {
			continue
		}
		v, faults := version.Expr.Value(nil)
		if !faults.HasErrors() && v.Type() == cty.String && !v.IsNull() && plain.MatchString(v.AsString()) {
			found[block.Labels[0]] = v.AsString()
		}
	}
	return found
}

// lockedProviders are the same by the providers' names.
func lockedProviders(text []byte) map[string]string {
	found := map[string]string{}
	for source, version := range lockedVersions(text) {
		found[clean(path.Base(source))] = version
	}
	return found
}

// terraformVersion asks Terraform for its version, once.
type terraformVersion struct {
	mu      sync.Mutex
	version string
}

func (t *terraformVersion) get(ctx context.Context, c Config) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.version != "" {
		return t.version
	}
	var out bytes.Buffer
	_, err := child{
		path: c.TerraformCLI, args: []string{"version", "-json"}, dir: c.WorkDir, env: c.baseEnv(), stdout: &out, grace: readGrace,
	}.run(ctx)
	var said struct {
		Version string `json:"terraform_version"`
	}
	if err == nil && json.Unmarshal(out.Bytes(), &said) == nil {
		t.version = strings.TrimSpace(clean(said.Version))
	}
	return t.version
}
