package stacks

import (
	"maps"
	"reflect"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// Tags of every managed resource that can bear tags.
const (
	TagStack       = "aegis:stack"
	TagLayer       = "aegis:layer"
	TagEnvironment = "aegis:environment"
	// TagAddress is the engine's address, "Type::name" with Type the Terraform
	// type. With TagStack it finds a resource whose creation was not recorded.
	TagAddress = "aegis:address"
)

// Address is the engine's address of a resource: its Terraform type and its
// logical name, such as "aws_vpc::main".
func Address(terraformType, name string) string { return terraformType + "::" + name }

// tagging adds the tags to every resource whose arguments have a field Tags,
// so that no constructor can forget them.
func tagging(spec aegis.Spec) pulumi.ResourceTransformation {
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		terraformType, managed := TerraformType(args.Type)
		props := reflect.ValueOf(args.Props)
		if !managed || props.Kind() != reflect.Pointer || props.IsNil() {
			return nil
		}
		field := props.Elem().FieldByName("Tags")
		if !field.IsValid() {
			return nil
		}
		tags := pulumi.StringMap{
			"Name":         pulumi.String("aegis-" + spec.Environment + "-" + args.Name),
			TagStack:       pulumi.String(StackID(spec)),
			TagLayer:       pulumi.String(spec.Layer),
			TagEnvironment: pulumi.String(spec.Environment),
			TagAddress:     pulumi.String(Address(terraformType, args.Name)),
		}
		addTags(field, tags)
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
}

// addTags sets field to its own tags and the given ones, in the form that the
// field has.
func addTags(field reflect.Value, tags pulumi.StringMap) {
	switch own := field.Interface().(type) {
	case pulumi.StringMap:
		maps.Copy(tags, own)
	case autoscaling.GroupTagArray:
		field.Set(reflect.ValueOf(append(own, groupTags(tags)...)))
		return
	}
	if field.Type() == reflect.TypeFor[autoscaling.GroupTagArrayInput]() {
		field.Set(reflect.ValueOf(groupTags(tags)))
		return
	}
	field.Set(reflect.ValueOf(tags))
}

// groupTags are tags in the form of an Auto Scaling group, sorted by key. Its
// instances get them too, except for the address, which is the group's.
func groupTags(tags pulumi.StringMap) autoscaling.GroupTagArray {
	list := autoscaling.GroupTagArray{}
	for _, key := range sortedKeys(tags) {
		list = append(list, autoscaling.GroupTagArgs{
			Key: pulumi.String(key), Value: tags[key], PropagateAtLaunch: pulumi.Bool(key != TagAddress),
		})
	}
	return list
}
