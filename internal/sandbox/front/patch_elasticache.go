package front

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// elasticachePatches serve Redis replication groups with what they need: the
// emulator's lack most of what providers read, and are never changed.
func elasticachePatches() []patch {
	tagged := queryTagging(cacheMissing)
	tagged.changed = tagged.listed
	return slices.Concat(acts("elasticache", map[string]act{
		"CreateReplicationGroup": createCacheGroup, "DescribeReplicationGroups": describeCacheGroups,
		"ModifyReplicationGroup": modifyCacheGroup, "DeleteReplicationGroup": deleteCacheGroup,
		"IncreaseReplicaCount": changeReplicas, "DecreaseReplicaCount": changeReplicas,
		"ModifyReplicationGroupShardConfiguration": changeShards, "DescribeCacheClusters": describeCacheMembers,
	}, tagged.acts()),
		subnetPatches("elasticache", cacheSubnetGroups(), func([]subnet) error { return nil }),
		parameterPatches("elasticache", cacheParameterGroups(), "CacheParameterGroupFamily", checkCacheFamily, func(name string) any { return cacheGroupName{name} }))
}

func cacheMissing(arn string) error {
	code := "InvalidARN"
	if strings.Contains(arn, ":replicationgroup:") {
		code = "ReplicationGroupNotFoundFault"
	}
	return apiError(code, http.StatusNotFound, arn+" not found.")
}

// cacheStore holds what there is by region and name.
type cacheStore struct {
	groups     map[string]*cacheGroup
	subnets    map[string]*subnetGroup
	parameters map[string]*parameterGroup
}

func newCacheStore() *cacheStore {
	return &cacheStore{groups: map[string]*cacheGroup{}, subnets: map[string]*subnetGroup{}, parameters: map[string]*parameterGroup{}}
}

// cacheGroup is a replication group.
type cacheGroup struct {
	phase

	id, region, arn, description, nodeType, version, parameters, subnets, key string
	transitMode, snapshotWindow, maintenance, clusterMode                     string
	securityGroups                                                            []string
	shards, replicas, snapshotDays, port                                      int
	failover, multiAZ, atRest, inTransit, autoMinor, clustered                bool
}

// group is a replication group that is there.
func (k *cacheStore) group(m moment, c wire.Call) (*cacheGroup, error) {
	id := strings.ToLower(c.Form().Get("ReplicationGroupId"))
	g := living(m, k.groups, c.Region+" "+id)
	if g == nil {
		return nil, apiError("ReplicationGroupNotFoundFault", http.StatusNotFound, "ReplicationGroup "+id+" not found.")
	}
	return g, nil
}

// idle is a replication group that takes changes.
func (k *cacheStore) idle(m moment, c wire.Call) (*cacheGroup, error) {
	g, err := k.group(m, c)
	if err == nil && g.busy(m) {
		err = apiError("InvalidReplicationGroupState", http.StatusBadRequest, "Replication group "+g.id+" is "+g.status(m, "available")+".")
	}
	return g, err
}

func createCacheGroup(s *stores, m moment, c wire.Call) (any, error) {
	g := &cacheGroup{
		phase: begun(m, "creating"), id: strings.ToLower(c.Form().Get("ReplicationGroupId")), region: c.Region,
		version: "7.1", parameters: "default.redis7", subnets: "default", snapshotWindow: "05:00-06:00",
		maintenance: "sun:23:00-mon:01:30", clusterMode: "disabled", port: 6379, shards: 1, autoMinor: true,
	}
	if living(m, s.cache.groups, c.Region+" "+g.id) != nil {
		return nil, apiError("ReplicationGroupAlreadyExists", http.StatusBadRequest, "Replication group "+g.id+" already exists.")
	}
	if g.id == "" || len(g.id) > 40 {
		return nil, invalidParameter("ReplicationGroupId must have 1 to 40 characters.")
	}
	g.arn = s.arn(c, "replicationgroup:"+g.id)
	setText(c, "ReplicationGroupDescription", &g.description)
	setFlag(c, "AtRestEncryptionEnabled", &g.atRest)
	setText(c, "KmsKeyId", &g.key)
	setText(c, "CacheSubnetGroupName", &g.subnets)
	setNumber(c, "Port", &g.port)
	setNumber(c, "NumNodeGroups", &g.shards)
	setNumber(c, "ReplicasPerNodeGroup", &g.replicas)
	if members := 0; c.Form().Has("NumCacheClusters") {
		setNumber(c, "NumCacheClusters", &members)
		g.replicas = max(members, 1) - 1
	}
	g.set(c)
	if err := s.cache.check(g); err != nil {
		return nil, err
	}
	if g.clustered = g.shards > 1 || strings.Contains(g.parameters, ".cluster.on") || s.cache.parameters[c.Region+" "+g.parameters].get("cluster-enabled") == "yes"; g.clustered {
		g.clusterMode = "enabled"
	}
	s.cache.groups[c.Region+" "+g.id] = g
	s.tags.set(g.arn, tagParameters(c))
	return cacheGroupAnswer{Group: g.xml(m)}, nil
}

// set takes the parameters that creating and modifying have in common.
func (g *cacheGroup) set(c wire.Call) {
	setText(c, "ReplicationGroupDescription", &g.description)
	setText(c, "CacheNodeType", &g.nodeType)
	setText(c, "EngineVersion", &g.version)
	setText(c, "CacheParameterGroupName", &g.parameters)
	setText(c, "TransitEncryptionMode", &g.transitMode)
	setText(c, "SnapshotWindow", &g.snapshotWindow)
	setText(c, "PreferredMaintenanceWindow", &g.maintenance)
	setNumber(c, "SnapshotRetentionLimit", &g.snapshotDays)
	setList(c, "SecurityGroupIds", &g.securityGroups)
	setFlag(c, "AutomaticFailoverEnabled", &g.failover)
	setFlag(c, "MultiAZEnabled", &g.multiAZ)
	setFlag(c, "TransitEncryptionEnabled", &g.inTransit)
	setFlag(c, "AutoMinorVersionUpgrade", &g.autoMinor)
	if g.inTransit && g.transitMode == "" {
		g.transitMode = "required"
	}
}

// check holds ElastiCache's rules of what goes together.
func (k *cacheStore) check(g *cacheGroup) error {
	if !strings.HasPrefix(g.nodeType, "cache.") {
		return invalidParameter("Invalid cache node type: " + g.nodeType)
	}
	if k.subnets[g.region+" "+g.subnets] == nil && g.subnets != "default" {
		return cacheSubnetGroups().missing(g.subnets)
	}
	if k.parameters[g.region+" "+g.parameters] == nil && !strings.HasPrefix(g.parameters, "default.") {
		return cacheParameterGroups().missing(g.parameters)
	}
	if g.failover && g.replicas == 0 {
		return apiError("InvalidParameterCombination", http.StatusBadRequest, "Automatic failover needs at least one replica.")
	}
	if g.multiAZ && !g.failover {
		return apiError("InvalidParameterCombination", http.StatusBadRequest, "Must enable automatic failover to enable Multi-AZ.")
	}
	return nil
}

func describeCacheGroups(s *stores, m moment, c wire.Call) (any, error) {
	var answer struct {
		Groups []cacheGroupXML `xml:"ReplicationGroups>ReplicationGroup"`
	}
	if c.Form().Get("ReplicationGroupId") != "" {
		g, err := s.cache.group(m, c)
		if err != nil {
			return nil, err
		}
		answer.Groups = append(answer.Groups, g.xml(m))
		return answer, nil
	}
	for _, g := range livingIn(m, s.cache.groups, c.Region) {
		answer.Groups = append(answer.Groups, g.xml(m))
	}
	return answer, nil
}

// alter changes a copy of a group that takes changes, and keeps it if it is
// sound.
func (k *cacheStore) alter(m moment, c wire.Call, change func(*cacheGroup)) (any, error) {
	g, err := k.idle(m, c)
	if err != nil {
		return nil, err
	}
	altered := *g
	change(&altered)
	altered.change(m, "modifying")
	if err := k.check(&altered); err != nil {
		return nil, err
	}
	*g = altered
	return cacheGroupAnswer{Group: g.xml(m)}, nil
}

func modifyCacheGroup(s *stores, m moment, c wire.Call) (any, error) {
	return s.cache.alter(m, c, func(g *cacheGroup) { g.set(c) })
}

func changeReplicas(s *stores, m moment, c wire.Call) (any, error) {
	return s.cache.alter(m, c, func(g *cacheGroup) { setNumber(c, "NewReplicaCount", &g.replicas) })
}

func changeShards(s *stores, m moment, c wire.Call) (any, error) {
	return s.cache.alter(m, c, func(g *cacheGroup) { setNumber(c, "NodeGroupCount", &g.shards) })
}

func deleteCacheGroup(s *stores, m moment, c wire.Call) (any, error) {
	g, err := s.cache.idle(m, c)
	if err != nil {
		return nil, err
	}
	g.deleted = m.at
	delete(s.tags, g.arn)
	return cacheGroupAnswer{Group: g.xml(m)}, nil
}

// members are the ids of the group's nodes, by shard.
func (g *cacheGroup) members() [][]string {
	var all [][]string
	for shard := range g.shards {
		var nodes []string
		for node := range g.replicas + 1 {
			if g.clustered {
				nodes = append(nodes, fmt.Sprintf("%s-%04d-%03d", g.id, shard+1, node+1))
			} else {
				nodes = append(nodes, fmt.Sprintf("%s-%03d", g.id, node+1))
			}
		}
		all = append(all, nodes)
	}
	return all
}
