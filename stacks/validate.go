package stacks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

const (
	maxEnvironment = 20
	maxParameters  = 256 << 10
)

// Validate checks a spec against its layer's schema and against the rules
// between fields. It returns an InvalidError that names every faulty field,
// those of the parameters as "parameters.node_min".
func Validate(spec aegis.Spec) error {
	faults := &aegis.InvalidError{}
	envelope(faults, spec)
	params, ok := parameters(spec.Layer)
	if !ok {
		faults.Faults = append(faults.Faults, unknownLayer(spec.Layer).Faults...)
		return faults
	}
	if err := checkSchema(faults, spec); err != nil {
		return err
	}
	if len(faults.Faults) > 0 {
		return faults
	}
	if err := json.Unmarshal(spec.Parameters, params); err != nil {
		return aegis.Invalid("parameters", err.Error())
	}
	switch params := params.(type) {
	case *aegis.NetworkSpec:
		networkRules(faults, params)
	case *aegis.SecuritySpec:
		securityRules(faults, spec, params)
	case *aegis.DataSpec:
		dataRules(faults, spec, params)
	case *aegis.RuntimeSpec:
		runtimeRules(faults, params)
		balancerSpecRules(faults, spec, params)
		clusterRules(faults, spec, params)
	case *aegis.EdgeSpec:
		edgeRules(faults, spec, params)
	}
	return faults.OrNil()
}

// envelope checks what surrounds the parameters.
func envelope(faults *aegis.InvalidError, spec aegis.Spec) {
	if spec.Version != aegis.SpecVersion {
		faults.Add("version", wrongVersion(spec.Version))
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(spec.Environment) || len(spec.Environment) > maxEnvironment {
		faults.Add("environment", fmt.Sprintf("%q must match [a-z][a-z0-9-]* and have at most %d characters", spec.Environment, maxEnvironment))
	}
	known := Regions()
	if !slices.Contains(known, spec.Region) {
		faults.Add("region", fmt.Sprintf("%q is not one of: %s", spec.Region, strings.Join(known, ", ")))
	}
	for i, region := range spec.Regions {
		field := fmt.Sprintf("regions.%d", i)
		switch {
		case !slices.Contains(known, region):
			faults.Add(field, fmt.Sprintf("%q is not one of: %s", region, strings.Join(known, ", ")))
		case slices.Index(spec.Regions, region) < i:
			faults.Add(field, fmt.Sprintf("%q is there twice", region))
		}
	}
	if len(spec.Regions) > 0 && !slices.Contains(spec.Regions, spec.Region) {
		faults.Add("regions", fmt.Sprintf("must contain the stack's own region %q", spec.Region))
	}
	if len(spec.Parameters) > maxParameters {
		faults.Add("parameters", fmt.Sprintf("at most %d bytes", maxParameters))
	}
}
