package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/estate"
	"github.com/aegisworld/aegis/internal/pricing"
	"github.com/aegisworld/aegis/stacks"
)

// EstateOptions are the flags of `aegis estate`.
type EstateOptions struct {
	ConfigFile string
	// Size, Environment and Regions override the configuration when not empty.
	Size, Environment string
	Regions           []string
}

// Estate puts the configured estate on paper; nothing is asked of anybody.
func Estate(o EstateOptions) (estate.Estate, error) {
	c, err := LoadConfig(o.ConfigFile, os.Getenv)
	if err != nil {
		return estate.Estate{}, err
	}
	if o.Size != "" {
		c.Estate.Size = o.Size
	}
	if o.Environment != "" {
		c.Environment = o.Environment
	}
	if len(o.Regions) > 0 {
		c.Regions = o.Regions
	}
	var faults []error
	c.checkRegions(func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) })
	if err := errors.Join(faults...); err != nil {
		return estate.Estate{}, err
	}
	return c.draw()
}

func (c Config) draw() (estate.Estate, error) {
	plan, err := c.plan()
	if err != nil {
		return estate.Estate{}, err
	}
	prices, err := pricing.Load()
	if err != nil {
		return estate.Estate{}, err //nolint:wrapcheck // it says what it could not read
	}
	drawn, err := estate.Draw(plan, prices)
	return drawn, inConfig(err)
}

// afford raises the budget by what the estate itself costs, where nobody has
// agreed on one.
func (c *Config) afford() error {
	if c.Estate.Size == noEstate {
		return nil
	}
	drawn, err := c.draw()
	c.Budget.EstateUSDMonth += math.Ceil(drawn.USDMonth)
	return err
}

// plan is the estate that the configuration describes.
func (c Config) plan() (stacks.Plan, error) {
	p := stacks.Plan{Size: c.Estate.Size, Environment: c.Environment, Regions: c.Regions}
	var err error
	if p.Layers, err = patches("layers", c.Estate.Layers); err != nil {
		return p, err
	}
	p.Stacks, err = patches("stacks", c.Estate.Stacks)
	return p, err
}

func patches(field string, values map[string]any) (map[string]json.RawMessage, error) {
	all := make(map[string]json.RawMessage, len(values))
	for name, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, aegis.Invalid("estate."+field+"."+name, "is not an object of parameters: "+err.Error())
		}
		all[name] = text
	}
	return all, nil
}

// inConfig names the fields at fault as the configuration has them.
func inConfig(err error) error {
	invalid, ok := errors.AsType[*aegis.InvalidError](err)
	if !ok {
		return err
	}
	var faults aegis.InvalidError
	for _, f := range invalid.Faults {
		field := f.Field
		if field != "regions" && field != "environment" {
			field = "estate." + field
		}
		faults.Add(field, f.Message)
	}
	return &faults
}
