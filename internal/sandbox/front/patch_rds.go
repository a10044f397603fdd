package front

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// errElsewhere says that an act is about something of the emulator's, which is
// asked then.
var errElsewhere = errors.New("the emulator has it")

// rdsPatches serve Aurora clusters, their instances and global databases, which
// the emulator never promotes, detaches or fails over. Instances of no cluster
// are the emulator's.
func rdsPatches() []patch {
	elsewhere := func(string) error { return errElsewhere }
	return slices.Concat(acts("rds", map[string]act{
		"DescribeDBClusters": describeClusters, "ModifyDBCluster": modifyCluster, "FailoverDBCluster": failoverCluster,
		"DescribeDBClusterSnapshots": describeSnapshots, "DeleteDBClusterSnapshot": deleteSnapshot,
		"CreateDBInstance": createInstance, "DescribeDBInstances": describeInstances, "ModifyDBInstance": modifyInstance,
		"DeleteDBInstance": deleteInstance, "RebootDBInstance": rebootInstance,
		"CreateGlobalCluster": createGlobal, "DescribeGlobalClusters": describeGlobals, "ModifyGlobalCluster": modifyGlobal,
		"DeleteGlobalCluster": deleteGlobal, "RemoveFromGlobalCluster": removeFromGlobal,
		"FailoverGlobalCluster": promote("failing-over"), "SwitchoverGlobalCluster": promote("switching-over"),
	}, queryTagging(elsewhere).acts()),
		[]patch{
			{service: "rds", action: "CreateDBCluster", act: createCluster, then: makeMasterSecret},
			{service: "rds", action: keepMasterSecret, act: keepSecret, internal: true},
			{service: "rds", action: "DeleteDBCluster", act: deleteCluster, look: lookForMasterSecret, then: dropMasterSecret},
		},
		subnetPatches("rds", dbSubnetGroups(), checkTwoZones),
		parameterPatches("rds", clusterParameterGroups(), "DBParameterGroupFamily", checkAuroraFamily, func(name string) any { return clusterParametersName{name} }))
}

// databaseStore holds Aurora by region and name; global databases, by name, are
// of no region.
type databaseStore struct {
	clusters   map[string]*dbCluster
	instances  map[string]*dbInstance
	globals    map[string]*globalCluster
	subnets    map[string]*subnetGroup
	parameters map[string]*parameterGroup
	snapshots  map[string]*clusterSnapshot
	// tags are those of all stores.
	tags tagTable
}

func newDatabaseStore(tags tagTable) *databaseStore {
	return &databaseStore{
		clusters: map[string]*dbCluster{}, instances: map[string]*dbInstance{}, globals: map[string]*globalCluster{},
		subnets: map[string]*subnetGroup{}, parameters: map[string]*parameterGroup{}, snapshots: map[string]*clusterSnapshot{}, tags: tags,
	}
}

type dbCluster struct {
	phase

	id, region, arn, resource, engine, version, database, master, subnets, parameters, key string
	backupWindow, maintenance, mode, storage, secret, secretKey                            string
	securityGroups, logs                                                                   []string
	backupDays, port, monitoring                                                           int
	encrypted, protected, iam, copyTags, managed, insights                                 bool
	insightsKey, monitoringRole                                                            string
	insightsDays                                                                           int
	// writer is the instance that writes; "" is the oldest.
	writer string
}

// The errors' codes are those of the API, which keep "Fault" for some only.

func clusterMissing(id string) error {
	return apiError("DBClusterNotFoundFault", http.StatusNotFound, "DBCluster "+id+" not found.")
}

func clusterState(message string) error {
	return apiError("InvalidDBClusterStateFault", http.StatusBadRequest, message)
}

func badCombination(message string) error {
	return apiError("InvalidParameterCombination", http.StatusBadRequest, message)
}

// named is a name without the ARN around it, in lower case.
func named(text string) string {
	return strings.ToLower(text[strings.LastIndexByte(text, ':')+1:])
}

// managedInGlobal refuses what RDS documents as unsupported: a secret of its own
// for a cluster of a global database.
func managedInGlobal() error {
	return badCombination("ManageMasterUserPassword isn't supported for a DB cluster that is part of an Aurora global database.")
}

func (d *databaseStore) cluster(m moment, region, id string) (*dbCluster, error) {
	k := living(m, d.clusters, region+" "+named(id))
	if k == nil {
		return nil, clusterMissing(named(id))
	}
	return k, nil
}

func createCluster(s *stores, m moment, c wire.Call) (any, error) {
	d, form := s.database, c.Form()
	k := &dbCluster{ //nolint:gosec // no credentials
		phase: begun(m, "creating"), id: strings.ToLower(form.Get("DBClusterIdentifier")), region: c.Region, engine: form.Get("Engine"),
		resource: "cluster-" + strings.ToUpper(m.letters(26)), port: 5432, backupDays: 1, backupWindow: "07:00-07:30",
		maintenance: "sun:08:00-sun:08:30", mode: "provisioned", storage: "aurora", version: form.Get("EngineVersion"),
		subnets: "default", encrypted: form.Get("StorageEncrypted") == "true",
	}
	if living(m, d.clusters, c.Region+" "+k.id) != nil {
		return nil, apiError("DBClusterAlreadyExistsFault", http.StatusBadRequest, "DB Cluster already exists")
	}
	k.arn = s.arn(c, "cluster:"+k.id)
	setText(c, "DatabaseName", &k.database)
	setText(c, "MasterUsername", &k.master)
	setText(c, "DBSubnetGroupName", &k.subnets)
	setText(c, "EngineMode", &k.mode)
	setText(c, "KmsKeyId", &k.key)
	setText(c, "StorageType", &k.storage)
	k.parameters = "default." + auroraFamily(k.version)
	k.set(c)
	if err := d.check(k); err != nil {
		return nil, err
	}
	g, err := d.join(m, k, form.Get("GlobalClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	if first := g == nil || len(g.members) == 0; first && k.master == "" {
		return nil, badCombination("The parameter MasterUsername must be provided.")
	} else if first && !k.managed && form.Get("MasterUserPassword") == "" {
		return nil, badCombination("The parameter MasterUserPassword must be provided, or ManageMasterUserPassword.")
	}
	d.clusters[c.Region+" "+k.id] = k
	d.tags.set(k.arn, tagParameters(c))
	if g != nil {
		g.members = append(g.members, k.arn)
		g.change(m, "modifying")
		if g.writer == "" {
			g.writer = k.arn
		}
	}
	return clusterAnswer{d.clusterXML(m, k)}, nil
}

// join checks that a cluster may be in a global database, which it gets what
// they have in common of. It is nil for a cluster that is in none.
func (d *databaseStore) join(m moment, k *dbCluster, id string) (*globalCluster, error) {
	if id == "" {
		return nil, nil
	}
	g, err := d.global(m, id)
	if err != nil {
		return nil, err
	}
	if k.managed {
		return nil, managedInGlobal()
	}
	if g.engine != k.engine || !strings.HasPrefix(k.version, g.version) && !strings.HasPrefix(g.version, k.version) {
		return nil, badCombination("The engine of the cluster must be that of the global cluster, " + g.engine + " " + g.version + ".")
	}
	if g.encrypted != k.encrypted {
		return nil, badCombination("The storage encryption of the cluster must be that of the global cluster.")
	}
	for _, arn := range g.members {
		if strings.Split(arn, ":")[3] == k.region {
			return nil, clusterState("The global cluster has a cluster in region " + k.region + ".")
		}
	}
	if first, err := d.writerOf(m, g); err == nil {
		if k.database != "" || k.master != "" {
			return nil, badCombination("Cannot specify database name or user name for a secondary cluster of a global cluster.")
		}
		k.master, k.database = first.master, first.database
	} else if len(g.members) > 0 {
		return nil, err
	}
	return g, nil
}

// set takes the parameters that creating and modifying have in common.
func (k *dbCluster) set(c wire.Call) {
	setText(c, "EngineVersion", &k.version)
	setText(c, "DBClusterParameterGroupName", &k.parameters)
	setText(c, "PreferredBackupWindow", &k.backupWindow)
	setText(c, "PreferredMaintenanceWindow", &k.maintenance)
	setText(c, "MasterUserSecretKmsKeyId", &k.secretKey)
	setText(c, "PerformanceInsightsKMSKeyId", &k.insightsKey)
	setText(c, "MonitoringRoleArn", &k.monitoringRole)
	setNumber(c, "BackupRetentionPeriod", &k.backupDays)
	setNumber(c, "Port", &k.port)
	setNumber(c, "MonitoringInterval", &k.monitoring)
	setNumber(c, "PerformanceInsightsRetentionPeriod", &k.insightsDays)
	setFlag(c, "DeletionProtection", &k.protected)
	setFlag(c, "EnableIAMDatabaseAuthentication", &k.iam)
	setFlag(c, "CopyTagsToSnapshot", &k.copyTags)
	setFlag(c, "ManageMasterUserPassword", &k.managed)
	setFlag(c, "EnablePerformanceInsights", &k.insights)
	setList(c, "VpcSecurityGroupIds", &k.securityGroups)
	setList(c, "EnableCloudwatchLogsExports", &k.logs)
	for _, log := range listParameter(c, "CloudwatchLogsExportConfiguration.EnableLogTypes") {
		if !slices.Contains(k.logs, log) {
			k.logs = append(k.logs, log)
		}
	}
	for _, log := range listParameter(c, "CloudwatchLogsExportConfiguration.DisableLogTypes") {
		k.logs = slices.DeleteFunc(k.logs, func(one string) bool { return one == log })
	}
	slices.Sort(k.logs)
}

func (d *databaseStore) check(k *dbCluster) error {
	if !strings.HasPrefix(k.engine, "aurora-") {
		return invalidParameter("Invalid DB engine: " + k.engine)
	}
	if k.id == "" || len(k.id) > 63 {
		return invalidParameter("DBClusterIdentifier must have 1 to 63 characters.")
	}
	if d.subnets[k.region+" "+k.subnets] == nil && k.subnets != "default" {
		return dbSubnetGroups().missing(k.subnets)
	}
	group := d.parameters[k.region+" "+k.parameters]
	if group == nil && !strings.HasPrefix(k.parameters, "default.") {
		return apiError("DBClusterParameterGroupNotFound", http.StatusNotFound, "DBClusterParameterGroup not found: "+k.parameters)
	}
	if group != nil && group.family != auroraFamily(k.version) {
		return badCombination("The parameter group " + group.name + " is of family " + group.family + ", not " + auroraFamily(k.version) + ".")
	}
	if k.backupDays < 1 || k.backupDays > 35 {
		return invalidParameter("BackupRetentionPeriod must be 1 to 35.")
	}
	return nil
}

// auroraFamily is the parameter family of a version of Aurora PostgreSQL.
func auroraFamily(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return "aurora-postgresql" + major
}

func modifyCluster(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.database.cluster(m, c.Region, c.Form().Get("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	if k.busy(m) {
		return nil, clusterState("DB Cluster " + k.id + " is not currently in the available state.")
	}
	altered := *k
	altered.securityGroups, altered.logs = slices.Clone(k.securityGroups), slices.Clone(k.logs)
	altered.set(c)
	altered.change(m, "modifying")
	if err := s.database.check(&altered); err != nil {
		return nil, err
	}
	if altered.managed && s.database.globalOf(m, k.arn) != nil {
		return nil, managedInGlobal()
	}
	*k = altered
	return clusterAnswer{s.database.clusterXML(m, k)}, nil
}

func deleteCluster(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	k, err := d.cluster(m, c.Region, c.Form().Get("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	switch {
	case k.protected:
		return nil, badCombination("Cannot delete protected Cluster, please disable deletion protection and try again.")
	case !k.deleted.IsZero():
		return nil, clusterState("DB Cluster " + k.id + " is already being deleted.")
	case len(d.membersOf(k)) > 0:
		return nil, clusterState("Cluster cannot be deleted, it still contains DB instances in non-deleting state.")
	case d.globalOf(m, k.arn) != nil:
		return nil, clusterState("This cluster is a part of a global cluster, please remove it from globalcluster first")
	}
	if name := strings.ToLower(c.Form().Get("FinalDBSnapshotIdentifier")); name != "" {
		if d.snapshots[c.Region+" "+name] != nil {
			return nil, apiError("DBClusterSnapshotAlreadyExistsFault", http.StatusBadRequest, "The snapshot "+name+" exists.")
		}
		d.snapshots[c.Region+" "+name] = &clusterSnapshot{
			id: name, region: c.Region, arn: s.arn(c, "cluster-snapshot:"+name), cluster: k.id, engine: k.engine,
			version: k.version, key: k.key, created: m.at, encrypted: k.encrypted,
		}
	} else if c.Form().Get("SkipFinalSnapshot") != "true" {
		return nil, badCombination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
	}
	k.deleted = m.at
	delete(d.tags, k.arn)
	return clusterAnswer{d.clusterXML(m, k)}, nil
}

func describeClusters(s *stores, m moment, c wire.Call) (any, error) {
	var answer struct {
		Clusters []clusterXML `xml:"DBClusters>DBCluster"`
	}
	if id := c.Form().Get("DBClusterIdentifier"); id != "" {
		k, err := s.database.cluster(m, c.Region, id)
		if err != nil {
			return nil, err
		}
		answer.Clusters = append(answer.Clusters, s.database.clusterXML(m, k))
		return answer, nil
	}
	for _, k := range livingIn(m, s.database.clusters, c.Region) {
		answer.Clusters = append(answer.Clusters, s.database.clusterXML(m, k))
	}
	return answer, nil
}

// failoverCluster makes another instance of a cluster its writer.
func failoverCluster(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.database.cluster(m, c.Region, c.Form().Get("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	writer := s.database.writerIn(m, k)
	for _, one := range s.database.membersOf(k) {
		target := c.Form().Get("TargetDBInstanceIdentifier")
		if one.id != writer && (target == "" || target == one.id) {
			k.writer = one.id
			k.change(m, "failing-over")
			return clusterAnswer{s.database.clusterXML(m, k)}, nil
		}
	}
	return nil, clusterState("The cluster has no other instance to fail over to.")
}
