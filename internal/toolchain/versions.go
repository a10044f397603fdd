package toolchain

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/go-version"
)

// Versions that Setup gets, and the ranges that are taken when found.
const (
	pulumiVersion   = "3.220.0"
	pulumiRange     = ">= 3.220.0, < 4"
	pluginVersion   = "6.83.0"
	terraformGet    = "1.11.4"
	terraformRange  = ">= 1.5, < 2"
	providerVersion = "5.100.0"
	postgresRange   = ">= 14"
	motoVersion     = "5.2.1"
)

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// versionOf runs a program and reads the first version number that it prints.
func (m *machine) versionOf(ctx context.Context, path string, args ...string) (string, error) {
	output, err := m.run(ctx, command{path: path, args: args})
	if err != nil {
		return "", err
	}
	found := versionNumber.Find(output)
	if found == nil {
		return "", fmt.Errorf("%s printed no version", path)
	}
	return string(found), nil
}

// within says that a version is in a range such as ">= 3.220.0, < 4".
func within(number, wanted string) bool {
	v, err := version.NewVersion(number)
	if err != nil {
		return false
	}
	constraints, err := version.NewConstraint(wanted)
	return err == nil && constraints.Check(v)
}
