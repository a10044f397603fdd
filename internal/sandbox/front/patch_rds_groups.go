package front

import (
	"net/http"
	"strings"
)

func dbSubnetGroups() groupKind[*subnetGroup] {
	return groupKind[*subnetGroup]{
		noun: "DBSubnetGroup", arn: "subgrp", all: func(s *stores) map[string]*subnetGroup { return s.database.subnets },
		users: clusterUsers(func(k *dbCluster) string { return k.subnets }),
		exists: func(name string) error {
			return apiError("DBSubnetGroupAlreadyExists", http.StatusBadRequest, "The DB subnet group "+name+" already exists.")
		},
		missing: func(name string) error {
			return apiError("DBSubnetGroupNotFoundFault", http.StatusNotFound, "DB subnet group "+name+" does not exist.")
		},
		inUse: func(name, user string) error {
			return apiError("InvalidDBSubnetGroupStateFault", http.StatusBadRequest,
				"Cannot delete the subnet group "+name+" because at least one database cluster is still using it: "+user+".")
		},
		one: func(g *subnetGroup) any { return dbSubnetsAnswer{dbSubnetsOf(g)} },
		many: func(all []*subnetGroup) any {
			return struct {
				Groups []dbSubnetsXML `xml:"DBSubnetGroups>DBSubnetGroup"`
			}{each(all, dbSubnetsOf)}
		},
	}
}

func clusterParameterGroups() groupKind[*parameterGroup] {
	return groupKind[*parameterGroup]{
		noun: "DBClusterParameterGroup", arn: "cluster-pg", all: func(s *stores) map[string]*parameterGroup { return s.database.parameters },
		users: clusterUsers(func(k *dbCluster) string { return k.parameters }),
		exists: func(name string) error {
			return apiError("DBParameterGroupAlreadyExists", http.StatusBadRequest, "Parameter group "+name+" already exists")
		},
		missing: func(name string) error {
			return apiError("DBParameterGroupNotFound", http.StatusNotFound, "DBClusterParameterGroup not found: "+name)
		},
		inUse: func(name, _ string) error {
			return apiError("InvalidDBParameterGroupState", http.StatusBadRequest,
				"One or more database clusters are still members of this parameter group "+name+", so the group cannot be deleted")
		},
		one: func(g *parameterGroup) any {
			return struct {
				Group clusterParametersXML `xml:"DBClusterParameterGroup"`
			}{clusterParametersOf(g)}
		},
		many: func(all []*parameterGroup) any {
			return struct {
				Groups []clusterParametersXML `xml:"DBClusterParameterGroups>DBClusterParameterGroup"`
			}{each(all, clusterParametersOf)}
		},
	}
}

// clusterUsers finds the clusters with a part of a name.
func clusterUsers(part func(*dbCluster) string) func(s *stores, m moment, region, name string) []string {
	return func(s *stores, m moment, region, name string) []string {
		var users []string
		for _, k := range livingIn(m, s.database.clusters, region) {
			if part(k) == name {
				users = append(users, k.id)
			}
		}
		return users
	}
}

func checkTwoZones(subnets []subnet) error {
	if len(zonesIn(subnets)) >= 2 {
		return nil
	}
	return apiError("DBSubnetGroupDoesNotCoverEnoughAZs", http.StatusBadRequest, "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement: 2 zones.")
}

func checkAuroraFamily(family string) error {
	if strings.HasPrefix(family, "aurora-") {
		return nil
	}
	return invalidParameter("ParameterGroupFamily " + family + " is not a valid parameter group family")
}
