package front

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// dbInstance is a server of a cluster.
type dbInstance struct {
	phase

	id, region, arn, resource, cluster, class, parameters, zone, maintenance, ca string
	insightsKey, monitoringRole                                                  string
	tier, monitoring, insightsDays                                               int
	public, autoMinor, insights, copyTags                                        bool
}

func (d *databaseStore) instance(m moment, c wire.Call) (*dbInstance, error) {
	i := living(m, d.instances, c.Region+" "+named(c.Form().Get("DBInstanceIdentifier")))
	if i == nil {
		return nil, errElsewhere
	}
	return i, nil
}

// membersOf are the instances of a cluster, the oldest first.
func (d *databaseStore) membersOf(k *dbCluster) []*dbInstance {
	var members []*dbInstance
	for _, i := range inRegion(d.instances, k.region) {
		if i.cluster == k.id && i.deleted.IsZero() {
			members = append(members, i)
		}
	}
	slices.SortStableFunc(members, func(a, b *dbInstance) int { return a.created.Compare(b.created) })
	return members
}

// writerIn is the instance that writes, "" in a secondary cluster of a global
// database.
func (d *databaseStore) writerIn(m moment, k *dbCluster) string {
	members := d.membersOf(k)
	if g := d.globalOf(m, k.arn); len(members) == 0 || g != nil && g.writer != k.arn {
		return ""
	}
	for _, i := range members {
		if i.id == k.writer {
			return i.id
		}
	}
	return members[0].id
}

func createInstance(s *stores, m moment, c wire.Call) (any, error) {
	d, form := s.database, c.Form()
	if form.Get("DBClusterIdentifier") == "" {
		return nil, errElsewhere
	}
	k, err := d.cluster(m, c.Region, form.Get("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(form.Get("DBInstanceIdentifier"))
	if living(m, d.instances, c.Region+" "+id) != nil {
		return nil, apiError("DBInstanceAlreadyExists", http.StatusBadRequest, "DB instance already exists")
	}
	if !k.deleted.IsZero() || k.engine != form.Get("Engine") {
		return nil, clusterState("The cluster takes no instance of engine " + form.Get("Engine") + ".")
	}
	i := &dbInstance{
		phase: begun(m, "creating"), id: id, region: c.Region, arn: s.arn(c, "db:"+id), resource: "db-" + strings.ToUpper(m.letters(26)),
		cluster: k.id, parameters: "default." + auroraFamily(k.version), maintenance: "sun:09:00-sun:09:30", ca: "rds-ca-rsa2048-g1",
		tier: 1, autoMinor: true, zone: d.zoneFor(k),
	}
	setText(c, "AvailabilityZone", &i.zone)
	i.set(c)
	if !strings.HasPrefix(i.class, "db.") {
		return nil, invalidParameter("Invalid DB Instance class: " + i.class)
	}
	d.instances[c.Region+" "+id] = i
	d.tags.set(i.arn, tagParameters(c))
	return instanceAnswer{d.instanceXML(m, i, k)}, nil
}

func (i *dbInstance) set(c wire.Call) {
	setText(c, "DBInstanceClass", &i.class)
	setText(c, "DBParameterGroupName", &i.parameters)
	setText(c, "PreferredMaintenanceWindow", &i.maintenance)
	setText(c, "CACertificateIdentifier", &i.ca)
	setText(c, "PerformanceInsightsKMSKeyId", &i.insightsKey)
	setText(c, "MonitoringRoleArn", &i.monitoringRole)
	setNumber(c, "PromotionTier", &i.tier)
	setNumber(c, "MonitoringInterval", &i.monitoring)
	setNumber(c, "PerformanceInsightsRetentionPeriod", &i.insightsDays)
	setFlag(c, "PubliclyAccessible", &i.public)
	setFlag(c, "AutoMinorVersionUpgrade", &i.autoMinor)
	setFlag(c, "EnablePerformanceInsights", &i.insights)
	setFlag(c, "CopyTagsToSnapshot", &i.copyTags)
}

// zoneFor is where the next instance of a cluster goes, by turns.
func (d *databaseStore) zoneFor(k *dbCluster) string {
	zones := d.zonesOf(k)
	return zones[len(d.membersOf(k))%len(zones)]
}

// zonesOf are the zones of the cluster's subnets.
func (d *databaseStore) zonesOf(k *dbCluster) []string {
	if g := d.subnets[k.region+" "+k.subnets]; g != nil && len(g.subnets) > 0 {
		return zonesIn(g.subnets)
	}
	return []string{k.region + "a", k.region + "b", k.region + "c"}
}

func describeInstances(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	var answer struct {
		Instances []instanceXML `xml:"DBInstances>DBInstance"`
	}
	add := func(i *dbInstance) {
		if k := d.clusters[i.region+" "+i.cluster]; k != nil {
			answer.Instances = append(answer.Instances, d.instanceXML(m, i, k))
		}
	}
	if id := c.Form().Get("DBInstanceIdentifier"); id != "" {
		i, err := d.instance(m, c)
		if err != nil {
			return nil, err
		}
		add(i)
		return answer, nil
	}
	for _, i := range livingIn(m, d.instances, c.Region) {
		add(i)
	}
	if len(answer.Instances) == 0 {
		return nil, errElsewhere
	}
	return answer, nil
}

func modifyInstance(s *stores, m moment, c wire.Call) (any, error) {
	i, err := s.database.instance(m, c)
	if err != nil {
		return nil, err
	}
	if i.busy(m) {
		return nil, apiError("InvalidDBInstanceState", http.StatusBadRequest, "Database instance is not in available state.")
	}
	i.set(c)
	i.change(m, "modifying")
	return instanceAnswer{s.database.instanceXML(m, i, s.database.clusters[i.region+" "+i.cluster])}, nil
}

func rebootInstance(s *stores, m moment, c wire.Call) (any, error) {
	i, err := s.database.instance(m, c)
	if err != nil {
		return nil, err
	}
	i.change(m, "rebooting")
	return instanceAnswer{s.database.instanceXML(m, i, s.database.clusters[i.region+" "+i.cluster])}, nil
}

func deleteInstance(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	i, err := d.instance(m, c)
	if err != nil {
		return nil, err
	}
	if !i.deleted.IsZero() {
		return nil, apiError("InvalidDBInstanceState", http.StatusBadRequest, "Instance "+i.id+" is already being deleted.")
	}
	k := d.clusters[i.region+" "+i.cluster]
	if g := d.globalOf(m, k.arn); g != nil && g.writer == k.arn && len(g.members) > 1 && len(d.membersOf(k)) == 1 {
		return nil, clusterState("This instance is the last of the primary cluster. Delete the replica cluster before deleting it.")
	}
	i.deleted = m.at
	delete(d.tags, i.arn)
	return instanceAnswer{d.instanceXML(m, i, k)}, nil
}
