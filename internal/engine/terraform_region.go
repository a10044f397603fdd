package engine

import (
	"regexp"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// tfRegions are the regions of a plan's resources by their configuration, where
// their provider has one of its own: with aliases, a workspace is in several.
type tfRegions map[string]string

func regionsOf(p *tfjson.Plan) tfRegions {
	r := tfRegions{}
	if p.Config == nil {
		return r
	}
	providers := map[string]string{}
	for key, provider := range p.Config.ProviderConfigs {
		if region := constantRegion(p, provider); region != "" {
			providers[key] = region
		}
	}
	r.module("", p.Config.RootModule, providers)
	return r
}

// constantRegion is a region that is given as text or as a variable of the root
// module.
func constantRegion(p *tfjson.Plan, provider *tfjson.ProviderConfig) string {
	region := provider.Expressions["region"]
	if region == nil || region.ExpressionData == nil {
		return ""
	}
	if s, ok := region.ConstantValue.(string); ok {
		return s
	}
	if len(region.References) == 1 && provider.ModuleAddress == "" {
		if name, ok := strings.CutPrefix(region.References[0], "var."); ok && p.Variables[name] != nil {
			s, _ := p.Variables[name].Value.(string)
			return s
		}
	}
	return ""
}

func (r tfRegions) module(path string, m *tfjson.ConfigModule, providers map[string]string) {
	if m == nil {
		return
	}
	for _, resource := range m.Resources {
		if region := providers[resource.ProviderConfigKey]; region != "" {
			r[join(path, resource.Address)] = region
		}
	}
	for name, call := range m.ModuleCalls {
		r.module(join(path, "module."+name), call.Module, providers)
	}
}

// of is the region of a resource, otherwise where nothing says.
func (r tfRegions) of(rc *tfjson.ResourceChange, otherwise string) string {
	indexes := regexp.MustCompile(`\[[^\]]*\]`)
	if region := r[indexes.ReplaceAllString(rc.Address, "")]; region != "" {
		return region
	}
	if rc.Change != nil {
		for _, side := range []any{rc.Change.Before, rc.Change.After} {
			values, _ := side.(map[string]any)
			arn, _ := values["arn"].(string)
			if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[3] != "" {
				return parts[3]
			}
		}
	}
	return otherwise
}
