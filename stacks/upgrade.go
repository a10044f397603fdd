package stacks

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/aegisworld/aegis"
)

// Upgrade brings a spec that older code wrote to aegis.SpecVersion. It declares
// what it declared before, so that a stack that was clean plans no change. Parameters
// that are only a part of a layer's may be upgraded, too. A newer version than
// aegis.SpecVersion is an InvalidError.
func Upgrade(spec aegis.Spec) (aegis.Spec, error) {
	if spec.Version == aegis.SpecVersion {
		return spec, nil
	}
	if spec.Version < 1 || spec.Version > aegis.SpecVersion {
		return spec, aegis.Invalid("version", wrongVersion(spec.Version))
	}
	var parameters map[string]any
	decoder := json.NewDecoder(bytes.NewReader(spec.Parameters))
	decoder.UseNumber()
	if err := decoder.Decode(&parameters); err != nil {
		return spec, aegis.Invalid("parameters", err.Error())
	}
	for ; spec.Version < aegis.SpecVersion; spec.Version++ {
		if err := upgrades()[spec.Version](spec.Layer, parameters); err != nil {
			return spec, fmt.Errorf("upgrade the spec of stack %s from version %d: %w", StackID(spec), spec.Version, err)
		}
	}
	var err error
	if spec.Parameters, err = json.Marshal(parameters); err != nil {
		return spec, fmt.Errorf("encode the parameters: %w", err)
	}
	return spec, nil
}

func wrongVersion(version int) string {
	if version > aegis.SpecVersion {
		return fmt.Sprintf("%d is newer than %d, the newest that this aegis reads: upgrade aegis", version, aegis.SpecVersion)
	}
	return fmt.Sprintf("%d is not %d", version, aegis.SpecVersion)
}

// upgrades lead from each version to the next, in place.
func upgrades() map[int]func(layer string, parameters map[string]any) error {
	return map[int]func(string, map[string]any) error{1: rulesByName}
}

// rulesByName makes a map by name of the list of ingress rules: a merge patch
// replaces a list as a whole, and takes what others opened meanwhile back.
func rulesByName(layer string, parameters map[string]any) error {
	list, ok := parameters["ingress_rules"].([]any)
	if layer != aegis.LayerNetwork || !ok {
		return nil
	}
	rules := make(map[string]any, len(list))
	for i, one := range list {
		field := fmt.Sprintf("parameters.ingress_rules.%d", i)
		rule, _ := one.(map[string]any)
		name, ok := rule["name"].(string)
		if !ok {
			return aegis.Invalid(field+".name", "is required")
		}
		if rules[name] != nil {
			return aegis.Invalid(field+".name", fmt.Sprintf("%q is there twice", name))
		}
		delete(rule, "name")
		rules[name] = rule
	}
	parameters["ingress_rules"] = rules
	return nil
}
