package front

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// Answers of ElastiCache, API version 2015-02-02.

type cacheGroupAnswer struct {
	Group cacheGroupXML `xml:"ReplicationGroup"`
}

type cacheGroupXML struct {
	ID              string          `xml:"ReplicationGroupId"`
	ARN             string          `xml:"ARN"`
	Description     string          `xml:"Description"`
	Status          string          `xml:"Status"`
	Members         []string        `xml:"MemberClusters>ClusterId"`
	Shards          []cacheShardXML `xml:"NodeGroups>NodeGroup"`
	Snapshotting    string          `xml:"SnapshottingClusterId,omitempty"`
	Failover        string          `xml:"AutomaticFailover"`
	MultiAZ         string          `xml:"MultiAZ"`
	Configuration   *cacheEndpoint  `xml:"ConfigurationEndpoint"`
	SnapshotDays    int             `xml:"SnapshotRetentionLimit"`
	SnapshotWindow  string          `xml:"SnapshotWindow"`
	Clustered       bool            `xml:"ClusterEnabled"`
	ClusterMode     string          `xml:"ClusterMode"`
	NodeType        string          `xml:"CacheNodeType"`
	AuthToken       bool            `xml:"AuthTokenEnabled"`
	InTransit       bool            `xml:"TransitEncryptionEnabled"`
	TransitMode     string          `xml:"TransitEncryptionMode,omitempty"`
	AtRest          bool            `xml:"AtRestEncryptionEnabled"`
	Key             string          `xml:"KmsKeyId,omitempty"`
	AutoMinor       bool            `xml:"AutoMinorVersionUpgrade"`
	NetworkType     string          `xml:"NetworkType"`
	IPDiscovery     string          `xml:"IpDiscovery"`
	Engine          string          `xml:"Engine"`
	DataTiering     string          `xml:"DataTiering"`
	Created         time.Time       `xml:"ReplicationGroupCreateTime"`
	PendingModified struct{}        `xml:"PendingModifiedValues"`
}

type cacheEndpoint struct {
	Address string `xml:"Address"`
	Port    int    `xml:"Port"`
}

type cacheShardXML struct {
	ID      string           `xml:"NodeGroupId"`
	Status  string           `xml:"Status"`
	Slots   string           `xml:"Slots,omitempty"`
	Primary *cacheEndpoint   `xml:"PrimaryEndpoint"`
	Reader  *cacheEndpoint   `xml:"ReaderEndpoint"`
	Members []cacheMemberXML `xml:"NodeGroupMembers>NodeGroupMember"`
}

type cacheMemberXML struct {
	ID   string `xml:"CacheClusterId"`
	Node string `xml:"CacheNodeId"`
	Role string `xml:"CurrentRole,omitempty"`
	Zone string `xml:"PreferredAvailabilityZone"`
}

func enabled(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

// slots is the number of hash slots of a Redis cluster.
const slots = 16384

func (g *cacheGroup) xml(m moment) cacheGroupXML {
	status := g.status(m, "available")
	x := cacheGroupXML{
		ID: g.id, ARN: g.arn, Description: g.description, Status: status, Failover: enabled(g.failover), MultiAZ: enabled(g.multiAZ),
		SnapshotDays: g.snapshotDays, SnapshotWindow: g.snapshotWindow, Clustered: g.clustered, ClusterMode: g.clusterMode,
		NodeType: g.nodeType, InTransit: g.inTransit, TransitMode: g.transitMode, AtRest: g.atRest, Key: g.key, AutoMinor: g.autoMinor,
		NetworkType: "ipv4", IPDiscovery: "ipv4", Engine: "redis", DataTiering: "disabled", Created: g.created,
	}
	if status == "creating" {
		return x
	}
	domain := g.host()
	for i, nodes := range g.members() {
		shard := cacheShardXML{ID: fmt.Sprintf("%04d", i+1), Status: "available"}
		if g.clustered {
			shard.Slots = fmt.Sprintf("%d-%d", i*slots/g.shards, (i+1)*slots/g.shards-1)
		} else {
			shard.Primary = &cacheEndpoint{Address: "master." + domain, Port: g.port}
			shard.Reader = &cacheEndpoint{Address: "replica." + domain, Port: g.port}
		}
		for n, id := range nodes {
			member := cacheMemberXML{ID: id, Node: "0001", Zone: g.zone(n)}
			if !g.clustered {
				member.Role = "replica"
				if n == 0 {
					member.Role = "primary"
				}
			}
			shard.Members = append(shard.Members, member)
			x.Members = append(x.Members, id)
		}
		x.Shards = append(x.Shards, shard)
	}
	if g.clustered {
		x.Configuration = &cacheEndpoint{Address: "clustercfg." + domain, Port: g.port}
	}
	return x
}

// host is the group's name in DNS below the names of its endpoints.
func (g *cacheGroup) host() string {
	return g.id + ".aegis1." + g.region + ".cache.amazonaws.com"
}

// zone is where the nth node is, by turns.
func (g *cacheGroup) zone(n int) string { return g.region + string(rune('a'+n%3)) }

// cacheClusterXML is one node of a replication group.
type cacheClusterXML struct {
	ID             string    `xml:"CacheClusterId"`
	ARN            string    `xml:"ARN"`
	Status         string    `xml:"CacheClusterStatus"`
	NodeType       string    `xml:"CacheNodeType"`
	Engine         string    `xml:"Engine"`
	Version        string    `xml:"EngineVersion"`
	Nodes          int       `xml:"NumCacheNodes"`
	Zone           string    `xml:"PreferredAvailabilityZone"`
	Created        time.Time `xml:"CacheClusterCreateTime"`
	Maintenance    string    `xml:"PreferredMaintenanceWindow"`
	Subnets        string    `xml:"CacheSubnetGroupName"`
	Group          string    `xml:"ReplicationGroupId"`
	SnapshotDays   int       `xml:"SnapshotRetentionLimit"`
	SnapshotWindow string    `xml:"SnapshotWindow"`
	AuthToken      bool      `xml:"AuthTokenEnabled"`
	InTransit      bool      `xml:"TransitEncryptionEnabled"`
	TransitMode    string    `xml:"TransitEncryptionMode,omitempty"`
	AtRest         bool      `xml:"AtRestEncryptionEnabled"`
	AutoMinor      bool      `xml:"AutoMinorVersionUpgrade"`
	NetworkType    string    `xml:"NetworkType"`
	IPDiscovery    string    `xml:"IpDiscovery"`
	Parameters     struct {
		Name   string `xml:"CacheParameterGroupName"`
		Status string `xml:"ParameterApplyStatus"`
	} `xml:"CacheParameterGroup"`
	SecurityGroups []cacheSecurityGroup `xml:"SecurityGroups>member"`
	CacheNodes     []cacheNodeXML       `xml:"CacheNodes>CacheNode"`
}

type cacheSecurityGroup struct {
	ID     string `xml:"SecurityGroupId"`
	Status string `xml:"Status"`
}

type cacheNodeXML struct {
	ID       string        `xml:"CacheNodeId"`
	Status   string        `xml:"CacheNodeStatus"`
	Endpoint cacheEndpoint `xml:"Endpoint"`
	Zone     string        `xml:"CustomerAvailabilityZone"`
}

func describeCacheMembers(s *stores, m moment, c wire.Call) (any, error) {
	wanted := c.Form().Get("CacheClusterId")
	var answer struct {
		Clusters []cacheClusterXML `xml:"CacheClusters>CacheCluster"`
	}
	for _, g := range livingIn(m, s.cache.groups, c.Region) {
		if g.status(m, "") == "creating" {
			continue
		}
		for _, nodes := range g.members() {
			for n, id := range nodes {
				if wanted == "" || wanted == id {
					answer.Clusters = append(answer.Clusters, g.member(m, s.arn(c, "cluster:"+id), id, n))
				}
			}
		}
	}
	if wanted != "" && len(answer.Clusters) == 0 {
		return nil, apiError("CacheClusterNotFound", http.StatusNotFound, "CacheCluster not found: "+wanted)
	}
	return answer, nil
}

func (g *cacheGroup) member(m moment, arn, id string, n int) cacheClusterXML {
	x := cacheClusterXML{
		ID: id, ARN: arn, Status: g.status(m, "available"), NodeType: g.nodeType, Engine: "redis", Version: fullVersion(g.version), Nodes: 1,
		Zone: g.zone(n), Created: g.created, Maintenance: g.maintenance, Subnets: g.subnets, Group: g.id, SnapshotDays: g.snapshotDays,
		SnapshotWindow: g.snapshotWindow, InTransit: g.inTransit, TransitMode: g.transitMode, AtRest: g.atRest, AutoMinor: g.autoMinor,
		NetworkType: "ipv4", IPDiscovery: "ipv4",
	}
	x.Parameters.Name, x.Parameters.Status = g.parameters, "in-sync"
	for _, group := range g.securityGroups {
		x.SecurityGroups = append(x.SecurityGroups, cacheSecurityGroup{ID: group, Status: "active"})
	}
	x.CacheNodes = []cacheNodeXML{{
		ID: "0001", Status: "available", Endpoint: cacheEndpoint{Address: id + "." + g.host(), Port: g.port}, Zone: g.zone(n),
	}}
	return x
}

// fullVersion is Redis's version with its patch level, as AWS tells it.
func fullVersion(version string) string {
	if strings.Count(version, ".") == 1 {
		return version + ".0"
	}
	return version
}

type cacheSubnetsAnswer struct {
	Group cacheSubnetsXML `xml:"CacheSubnetGroup"`
}

type cacheSubnetsXML struct {
	Name        string           `xml:"CacheSubnetGroupName"`
	Description string           `xml:"CacheSubnetGroupDescription"`
	VPC         string           `xml:"VpcId"`
	ARN         string           `xml:"ARN"`
	Networks    []string         `xml:"SupportedNetworkTypes>member"`
	Subnets     []cacheSubnetXML `xml:"Subnets>Subnet"`
}

type cacheSubnetXML struct {
	ID   string `xml:"SubnetIdentifier"`
	Zone string `xml:"SubnetAvailabilityZone>Name"`
}

func cacheSubnetsOf(g *subnetGroup) cacheSubnetsXML {
	x := cacheSubnetsXML{Name: g.name, Description: g.description, ARN: g.arn, Networks: []string{"ipv4"}}
	for _, one := range g.subnets {
		x.VPC = one.VPC
		x.Subnets = append(x.Subnets, cacheSubnetXML{ID: one.ID, Zone: one.Zone})
	}
	slices.SortFunc(x.Subnets, func(a, b cacheSubnetXML) int { return strings.Compare(a.ID, b.ID) })
	return x
}

type cacheGroupName struct {
	Name string `xml:"CacheParameterGroupName"`
}

type cacheParametersXML struct {
	Name        string `xml:"CacheParameterGroupName"`
	Family      string `xml:"CacheParameterGroupFamily"`
	Description string `xml:"Description"`
	ARN         string `xml:"ARN"`
	Global      bool   `xml:"IsGlobal"`
}

func cacheParametersOf(g *parameterGroup) cacheParametersXML {
	return cacheParametersXML{Name: g.name, Family: g.family, Description: g.description, ARN: g.arn}
}
