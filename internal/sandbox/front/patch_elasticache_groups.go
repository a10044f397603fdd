package front

import (
	"net/http"
	"strings"
)

func cacheSubnetGroups() groupKind[*subnetGroup] {
	const noun = "CacheSubnetGroup"
	return groupKind[*subnetGroup]{
		noun: noun, arn: "subnetgroup", all: func(s *stores) map[string]*subnetGroup { return s.cache.subnets },
		users: cacheUsers(func(g *cacheGroup) string { return g.subnets }),
		exists: func(name string) error {
			return apiError(noun+"AlreadyExists", http.StatusBadRequest, noun+" "+name+" already exists.")
		},
		missing: func(name string) error {
			return apiError(noun+"NotFoundFault", http.StatusBadRequest, noun+" "+name+" not found.")
		},
		inUse: func(name, user string) error {
			return apiError(noun+"InUse", http.StatusBadRequest, noun+" "+name+" is used by "+user+".")
		},
		one: func(g *subnetGroup) any { return cacheSubnetsAnswer{cacheSubnetsOf(g)} },
		many: func(all []*subnetGroup) any {
			return struct {
				Groups []cacheSubnetsXML `xml:"CacheSubnetGroups>CacheSubnetGroup"`
			}{each(all, cacheSubnetsOf)}
		},
	}
}

func cacheParameterGroups() groupKind[*parameterGroup] {
	const noun = "CacheParameterGroup"
	return groupKind[*parameterGroup]{
		noun: noun, arn: "parametergroup", all: func(s *stores) map[string]*parameterGroup { return s.cache.parameters },
		users: cacheUsers(func(g *cacheGroup) string { return g.parameters }),
		exists: func(name string) error {
			return apiError(noun+"AlreadyExists", http.StatusBadRequest, noun+" "+name+" already exists.")
		},
		missing: func(name string) error {
			return apiError(noun+"NotFound", http.StatusNotFound, noun+" "+name+" not found.")
		},
		inUse: func(name, user string) error {
			return apiError("InvalidCacheParameterGroupState", http.StatusBadRequest, noun+" "+name+" is used by "+user+".")
		},
		one: func(g *parameterGroup) any {
			return struct {
				Group cacheParametersXML `xml:"CacheParameterGroup"`
			}{cacheParametersOf(g)}
		},
		many: func(all []*parameterGroup) any {
			return struct {
				Groups []cacheParametersXML `xml:"CacheParameterGroups>CacheParameterGroup"`
			}{each(all, cacheParametersOf)}
		},
	}
}

// cacheUsers finds the replication groups with a part of a name.
func cacheUsers(part func(*cacheGroup) string) func(s *stores, m moment, region, name string) []string {
	return func(s *stores, m moment, region, name string) []string {
		var users []string
		for _, g := range livingIn(m, s.cache.groups, region) {
			if part(g) == name {
				users = append(users, g.id)
			}
		}
		return users
	}
}

func checkCacheFamily(family string) error {
	if strings.HasPrefix(family, "redis") || strings.HasPrefix(family, "valkey") {
		return nil
	}
	return invalidParameter("CacheParameterGroupFamily " + family + " is not a valid parameter group family.")
}
