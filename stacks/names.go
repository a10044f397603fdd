package stacks

import (
	"maps"
	"slices"
	"strings"
)

// local is a name that is unique in an account and region.
func (s *stack) local(name string) string {
	return strings.Join([]string{"aegis", s.spec.Environment, name}, "-")
}

// inAccount is a name that is unique in an account, for global services.
func (s *stack) inAccount(name string) string {
	return strings.Join([]string{"aegis", s.spec.Environment, s.spec.Region, name}, "-")
}

// path is a name for services that use paths.
func (s *stack) path(name string) string {
	return "/aegis/" + s.spec.Environment + "/" + name
}

// bucketName is a name that is unique among all accounts.
func bucketName(environment, name, account, region string) string {
	return strings.Join([]string{"aegis", environment, name, account, region}, "-")
}

// arn is a resource name in the stack's account and region.
func (s *stack) arn(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, s.spec.Region, s.account, resource}, ":")
}

// iamARN is a resource name of IAM, which has no region.
func (s *stack) iamARN(resource string) string {
	return strings.Join([]string{"arn:aws:iam:", s.account, resource}, ":")
}

// sortedKeys are the keys of m in order, since programs must not depend on
// the order of a map.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
