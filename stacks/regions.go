package stacks

import (
	"maps"
	"slices"
)

// Regions are the AWS regions in which an estate can be, in order.
func Regions() []string { return slices.Sorted(maps.Keys(zoneLetters())) }

// Zones are the names of the first n availability zones of a region; n is at
// most 3. It returns nil for an unknown region.
func Zones(region string, n int) []string {
	letters := zoneLetters()[region]
	if len(letters) < n {
		return nil
	}
	zones := make([]string, n)
	for i := range n {
		zones[i] = region + letters[i:i+1]
	}
	return zones
}

// zoneLetters are three availability zones of each region that every account
// has. It is a table, so that a plan needs no call to know them.
// Source: AWS documentation, "AWS Availability Zones".
func zoneLetters() map[string]string {
	return map[string]string{
		"us-east-1":      "abc",
		"us-east-2":      "abc",
		"us-west-2":      "abc",
		"ca-central-1":   "abd",
		"sa-east-1":      "abc",
		"eu-west-1":      "abc",
		"eu-west-2":      "abc",
		"eu-west-3":      "abc",
		"eu-central-1":   "abc",
		"eu-north-1":     "abc",
		"ap-south-1":     "abc",
		"ap-southeast-1": "abc",
		"ap-southeast-2": "abc",
		"ap-northeast-1": "acd",
		"ap-northeast-2": "abc",
	}
}
