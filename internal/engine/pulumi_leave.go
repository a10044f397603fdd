package engine

import (
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// leaving is the program that does not change what the run's rules expect others
// to change.
func leaving(program pulumi.RunFunc, run aegis.StackRun) pulumi.RunFunc {
	if len(run.Expected) == 0 {
		return program
	}
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			ignored := ignoredProperties(run, args)
			if len(ignored) == 0 {
				return nil
			}
			return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.IgnoreChanges(ignored))}
		})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}

// ignoredProperties are a resource's inputs that rules cover as a whole. What others
// added to a map is not among the inputs that a refresh finds, so that nothing
// could be ignored there.
func ignoredProperties(run aegis.StackRun, args *pulumi.ResourceTransformationArgs) []string {
	if args.Props == nil {
		return nil
	}
	tfType := terraformType(args.Type)
	address := tfType + "::" + args.Name
	var ignored []string
	for _, rule := range run.Expected {
		for _, property := range properties(args.Props) {
			name := attributeName(tfType, property)
			if rule.Covers(run.Stack.StackID, address, tfType, name) {
				ignored = append(ignored, property)
			}
		}
	}
	slices.Sort(ignored)
	return slices.Compact(ignored)
}

// properties are the names of a resource's inputs.
func properties(props pulumi.Input) []string {
	t := props.ElementType()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for field := range t.Fields() {
		if name := field.Tag.Get("pulumi"); name != "" {
			names = append(names, name)
		}
	}
	return names
}
