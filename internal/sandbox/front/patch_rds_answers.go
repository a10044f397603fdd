package front

import (
	"time"
)

// Answers of RDS, API version 2014-10-31.

type clusterAnswer struct {
	Cluster clusterXML `xml:"DBCluster"`
}

type clusterXML struct {
	ID             string             `xml:"DBClusterIdentifier"`
	ARN            string             `xml:"DBClusterArn"`
	Resource       string             `xml:"DbClusterResourceId"`
	Status         string             `xml:"Status"`
	Engine         string             `xml:"Engine"`
	Version        string             `xml:"EngineVersion"`
	Mode           string             `xml:"EngineMode"`
	Support        string             `xml:"EngineLifecycleSupport"`
	Database       string             `xml:"DatabaseName,omitempty"`
	Master         string             `xml:"MasterUsername"`
	Endpoint       string             `xml:"Endpoint"`
	Reader         string             `xml:"ReaderEndpoint"`
	Port           int                `xml:"Port"`
	Zone           string             `xml:"HostedZoneId"`
	Subnets        string             `xml:"DBSubnetGroup"`
	Parameters     string             `xml:"DBClusterParameterGroup"`
	Storage        int                `xml:"AllocatedStorage"`
	StorageType    string             `xml:"StorageType,omitempty"`
	Encrypted      bool               `xml:"StorageEncrypted"`
	Key            string             `xml:"KmsKeyId,omitempty"`
	BackupDays     int                `xml:"BackupRetentionPeriod"`
	BackupWindow   string             `xml:"PreferredBackupWindow"`
	Maintenance    string             `xml:"PreferredMaintenanceWindow"`
	Protected      bool               `xml:"DeletionProtection"`
	IAM            bool               `xml:"IAMDatabaseAuthenticationEnabled"`
	CopyTags       bool               `xml:"CopyTagsToSnapshot"`
	HTTP           bool               `xml:"HttpEndpointEnabled"`
	MultiAZ        bool               `xml:"MultiAZ"`
	AutoMinor      bool               `xml:"AutoMinorVersionUpgrade"`
	Network        string             `xml:"NetworkType"`
	Created        time.Time          `xml:"ClusterCreateTime"`
	Global         string             `xml:"GlobalClusterIdentifier,omitempty"`
	Source         string             `xml:"ReplicationSourceIdentifier,omitempty"`
	Insights       string             `xml:"DatabaseInsightsMode"`
	Performance    bool               `xml:"PerformanceInsightsEnabled,omitempty"`
	PerformanceKey string             `xml:"PerformanceInsightsKMSKeyId,omitempty"`
	PerformanceFor int                `xml:"PerformanceInsightsRetentionPeriod,omitempty"`
	Monitoring     int                `xml:"MonitoringInterval,omitempty"`
	MonitoringRole string             `xml:"MonitoringRoleArn,omitempty"`
	Secret         *masterSecretXML   `xml:"MasterUserSecret"`
	Zones          []string           `xml:"AvailabilityZones>AvailabilityZone"`
	Members        []clusterMemberXML `xml:"DBClusterMembers>DBClusterMember"`
	Groups         []dbGroupXML       `xml:"VpcSecurityGroups>VpcSecurityGroupMembership"`
	Logs           []string           `xml:"EnabledCloudwatchLogsExports>member"`
	Tags           []xmlTag           `xml:"TagList>Tag"`
}

type masterSecretXML struct {
	ARN    string `xml:"SecretArn"`
	Status string `xml:"SecretStatus"`
	Key    string `xml:"KmsKeyId,omitempty"`
}

type clusterMemberXML struct {
	ID     string `xml:"DBInstanceIdentifier"`
	Writer bool   `xml:"IsClusterWriter"`
	Status string `xml:"DBClusterParameterGroupStatus"`
	Tier   int    `xml:"PromotionTier"`
}

type dbGroupXML struct {
	ID     string `xml:"VpcSecurityGroupId"`
	Status string `xml:"Status"`
}

func dbGroups(ids []string) []dbGroupXML {
	var groups []dbGroupXML
	for _, id := range ids {
		groups = append(groups, dbGroupXML{ID: id, Status: "active"})
	}
	return groups
}

func (k *dbCluster) host(kind string) string {
	return k.id + "." + kind + "aegis0." + k.region + ".rds.amazonaws.com"
}

func (d *databaseStore) clusterXML(m moment, k *dbCluster) clusterXML {
	x := clusterXML{
		ID: k.id, ARN: k.arn, Resource: k.resource, Status: k.status(m, "available"), Engine: k.engine, Version: k.version, Mode: k.mode,
		Support: "open-source-rds-extended-support-disabled", Database: k.database, Master: k.master, Endpoint: k.host("cluster-"),
		Reader: k.host("cluster-ro-"), Port: k.port, Zone: "Z2R2ITUGPM61AM", Subnets: k.subnets, Parameters: k.parameters, Storage: 1,
		StorageType: k.storage, Encrypted: k.encrypted, Key: k.key, BackupDays: k.backupDays, BackupWindow: k.backupWindow,
		Maintenance: k.maintenance, Protected: k.protected, IAM: k.iam, CopyTags: k.copyTags, AutoMinor: true, Network: "IPV4",
		Created: k.created, Insights: "standard", Performance: k.insights, PerformanceKey: k.insightsKey, PerformanceFor: k.insightsDays,
		Monitoring: k.monitoring, MonitoringRole: k.monitoringRole, Zones: d.zonesOf(k), Groups: dbGroups(k.securityGroups), Logs: k.logs,
		Tags: answerTags(d.tags[k.arn]).Tags,
	}
	if g := d.globalOf(m, k.arn); g != nil {
		if x.Global = g.id; g.writer != k.arn {
			x.Source = g.writer
		}
	}
	if k.managed && k.secret != "" {
		x.Secret = &masterSecretXML{ARN: k.secret, Status: "active", Key: k.secretKey}
	}
	writer := d.writerIn(m, k)
	members := d.membersOf(k)
	for _, i := range members {
		x.Members = append(x.Members, clusterMemberXML{ID: i.id, Writer: i.id == writer, Status: "in-sync", Tier: i.tier})
	}
	x.MultiAZ = len(members) > 1
	return x
}

type instanceAnswer struct {
	Instance instanceXML `xml:"DBInstance"`
}

type instanceXML struct {
	ID             string       `xml:"DBInstanceIdentifier"`
	ARN            string       `xml:"DBInstanceArn"`
	Resource       string       `xml:"DbiResourceId"`
	Status         string       `xml:"DBInstanceStatus"`
	Class          string       `xml:"DBInstanceClass"`
	Cluster        string       `xml:"DBClusterIdentifier"`
	Engine         string       `xml:"Engine"`
	Version        string       `xml:"EngineVersion"`
	Master         string       `xml:"MasterUsername"`
	Database       string       `xml:"DBName,omitempty"`
	Address        string       `xml:"Endpoint>Address"`
	Port           int          `xml:"Endpoint>Port"`
	HostedZone     string       `xml:"Endpoint>HostedZoneId"`
	Storage        int          `xml:"AllocatedStorage"`
	StorageType    string       `xml:"StorageType"`
	Encrypted      bool         `xml:"StorageEncrypted"`
	Key            string       `xml:"KmsKeyId,omitempty"`
	BackupDays     int          `xml:"BackupRetentionPeriod"`
	BackupWindow   string       `xml:"PreferredBackupWindow"`
	Maintenance    string       `xml:"PreferredMaintenanceWindow"`
	Zone           string       `xml:"AvailabilityZone"`
	CA             string       `xml:"CACertificateIdentifier"`
	Tier           int          `xml:"PromotionTier"`
	Public         bool         `xml:"PubliclyAccessible"`
	AutoMinor      bool         `xml:"AutoMinorVersionUpgrade"`
	MultiAZ        bool         `xml:"MultiAZ"`
	CopyTags       bool         `xml:"CopyTagsToSnapshot"`
	Protected      bool         `xml:"DeletionProtection"`
	IAM            bool         `xml:"IAMDatabaseAuthenticationEnabled"`
	Network        string       `xml:"NetworkType"`
	License        string       `xml:"LicenseModel"`
	Insights       bool         `xml:"PerformanceInsightsEnabled"`
	InsightsKey    string       `xml:"PerformanceInsightsKMSKeyId,omitempty"`
	InsightsDays   int          `xml:"PerformanceInsightsRetentionPeriod,omitempty"`
	Monitoring     int          `xml:"MonitoringInterval"`
	MonitoringRole string       `xml:"MonitoringRoleArn,omitempty"`
	Created        time.Time    `xml:"InstanceCreateTime"`
	Subnets        dbSubnetsXML `xml:"DBSubnetGroup"`
	Parameters     []struct {
		Name   string `xml:"DBParameterGroupName"`
		Status string `xml:"ParameterApplyStatus"`
	} `xml:"DBParameterGroups>DBParameterGroup"`
	Groups []dbGroupXML `xml:"VpcSecurityGroups>VpcSecurityGroupMembership"`
	Tags   []xmlTag     `xml:"TagList>Tag"`
}

func (d *databaseStore) instanceXML(m moment, i *dbInstance, k *dbCluster) instanceXML {
	x := instanceXML{
		ID: i.id, ARN: i.arn, Resource: i.resource, Status: i.status(m, "available"), Class: i.class, Cluster: i.cluster, Engine: k.engine,
		Version: k.version, Master: k.master, Database: k.database, Address: i.id + ".aegis0." + i.region + ".rds.amazonaws.com", Port: k.port,
		HostedZone: "Z2R2ITUGPM61AM", Storage: 1, StorageType: "aurora", Encrypted: k.encrypted, Key: k.key, BackupDays: k.backupDays,
		BackupWindow: k.backupWindow, Maintenance: i.maintenance, Zone: i.zone, CA: i.ca, Tier: i.tier, Public: i.public, AutoMinor: i.autoMinor,
		CopyTags: i.copyTags, IAM: k.iam, Network: "IPV4", License: "postgresql-license", Insights: i.insights, InsightsKey: i.insightsKey,
		InsightsDays: i.insightsDays, Monitoring: i.monitoring, MonitoringRole: i.monitoringRole, Created: i.created,
		Groups: dbGroups(k.securityGroups), Tags: answerTags(d.tags[i.arn]).Tags,
	}
	if g := d.subnets[k.region+" "+k.subnets]; g != nil {
		x.Subnets = dbSubnetsOf(g)
	} else {
		x.Subnets.Name = k.subnets
	}
	x.Parameters = append(x.Parameters, struct {
		Name   string `xml:"DBParameterGroupName"`
		Status string `xml:"ParameterApplyStatus"`
	}{i.parameters, "in-sync"})
	return x
}

type globalAnswer struct {
	Global globalXML `xml:"GlobalCluster"`
}

type globalXML struct {
	ID        string            `xml:"GlobalClusterIdentifier"`
	ARN       string            `xml:"GlobalClusterArn"`
	Resource  string            `xml:"GlobalClusterResourceId"`
	Status    string            `xml:"Status"`
	Engine    string            `xml:"Engine"`
	Version   string            `xml:"EngineVersion"`
	Support   string            `xml:"EngineLifecycleSupport"`
	Database  string            `xml:"DatabaseName,omitempty"`
	Endpoint  string            `xml:"Endpoint"`
	Encrypted bool              `xml:"StorageEncrypted"`
	Protected bool              `xml:"DeletionProtection"`
	Members   []globalMemberXML `xml:"GlobalClusterMembers>GlobalClusterMember"`
	Failover  *failoverXML      `xml:"FailoverState"`
	Tags      []xmlTag          `xml:"TagList>Tag"`
}

type globalMemberXML struct {
	ARN     string   `xml:"DBClusterArn"`
	Writer  bool     `xml:"IsWriter"`
	Readers []string `xml:"Readers>member"`
	State   string   `xml:"SynchronizationStatus"`
}

type failoverXML struct {
	Status string `xml:"Status"`
	From   string `xml:"FromDbClusterArn"`
	To     string `xml:"ToDbClusterArn"`
}

func (d *databaseStore) globalXML(m moment, g *globalCluster) globalXML {
	status := g.status(m, "available")
	x := globalXML{
		ID: g.id, ARN: g.arn, Resource: g.resource, Status: status, Engine: g.engine, Version: g.version,
		Support: "open-source-rds-extended-support-disabled", Database: g.database, Encrypted: g.encrypted, Protected: g.protected,
		Endpoint: g.id + ".global-aegis0.global.rds.amazonaws.com", Tags: answerTags(d.tags[g.arn]).Tags,
	}
	for _, arn := range g.members {
		member := globalMemberXML{ARN: arn, Writer: arn == g.writer, State: "connected"}
		if member.Writer {
			for _, other := range g.members {
				if other != arn {
					member.Readers = append(member.Readers, other)
				}
			}
		}
		x.Members = append(x.Members, member)
	}
	if status == "switching-over" || status == "failing-over" {
		x.Failover = &failoverXML{Status: status, From: g.from, To: g.writer}
	}
	return x
}

type dbSubnetsAnswer struct {
	Group dbSubnetsXML `xml:"DBSubnetGroup"`
}

type dbSubnetsXML struct {
	Name        string        `xml:"DBSubnetGroupName"`
	Description string        `xml:"DBSubnetGroupDescription"`
	VPC         string        `xml:"VpcId"`
	Status      string        `xml:"SubnetGroupStatus"`
	ARN         string        `xml:"DBSubnetGroupArn"`
	Networks    []string      `xml:"SupportedNetworkTypes>member"`
	Subnets     []dbSubnetXML `xml:"Subnets>Subnet"`
}

type dbSubnetXML struct {
	ID     string `xml:"SubnetIdentifier"`
	Zone   string `xml:"SubnetAvailabilityZone>Name"`
	Status string `xml:"SubnetStatus"`
}

func dbSubnetsOf(g *subnetGroup) dbSubnetsXML {
	x := dbSubnetsXML{Name: g.name, Description: g.description, Status: "Complete", ARN: g.arn, Networks: []string{"IPV4"}}
	for _, one := range g.subnets {
		x.VPC = one.VPC
		x.Subnets = append(x.Subnets, dbSubnetXML{ID: one.ID, Zone: one.Zone, Status: "Active"})
	}
	return x
}

type clusterParametersName struct {
	Name string `xml:"DBClusterParameterGroupName"`
}

type clusterParametersXML struct {
	Name        string `xml:"DBClusterParameterGroupName"`
	Family      string `xml:"DBParameterGroupFamily"`
	Description string `xml:"Description"`
	ARN         string `xml:"DBClusterParameterGroupArn"`
}

func clusterParametersOf(g *parameterGroup) clusterParametersXML {
	return clusterParametersXML{Name: g.name, Family: g.family, Description: g.description, ARN: g.arn}
}

type snapshotXML struct {
	ID        string    `xml:"DBClusterSnapshotIdentifier"`
	ARN       string    `xml:"DBClusterSnapshotArn"`
	Cluster   string    `xml:"DBClusterIdentifier"`
	Engine    string    `xml:"Engine"`
	Version   string    `xml:"EngineVersion"`
	Status    string    `xml:"Status"`
	Type      string    `xml:"SnapshotType"`
	Percent   int       `xml:"PercentProgress"`
	Created   time.Time `xml:"SnapshotCreateTime"`
	Encrypted bool      `xml:"StorageEncrypted"`
	Key       string    `xml:"KmsKeyId,omitempty"`
}
