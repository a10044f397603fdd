package front

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// globalCluster is a global database; members and writer are ARNs of clusters.
type globalCluster struct {
	phase

	id, arn, resource, engine, version, database, writer string
	members                                              []string
	encrypted, protected                                 bool
	// from is the writer before the last promotion.
	from string
}

func (d *databaseStore) global(m moment, id string) (*globalCluster, error) {
	g := living(m, d.globals, strings.ToLower(id))
	if g == nil {
		return nil, apiError("GlobalClusterNotFoundFault", http.StatusNotFound, "Global cluster "+id+" not found")
	}
	return g, nil
}

// globalOf is the global database that a cluster is in, or nil.
func (d *databaseStore) globalOf(m moment, arn string) *globalCluster {
	for _, g := range d.globals {
		if !g.gone(m) && slices.Contains(g.members, arn) {
			return g
		}
	}
	return nil
}

// byARN is the cluster with an ARN, in any region.
func (d *databaseStore) byARN(m moment, arn string) (*dbCluster, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 {
		return nil, clusterMissing(arn)
	}
	return d.cluster(m, parts[3], arn)
}

func (d *databaseStore) writerOf(m moment, g *globalCluster) (*dbCluster, error) {
	return d.byARN(m, g.writer)
}

func createGlobal(s *stores, m moment, c wire.Call) (any, error) {
	d, form := s.database, c.Form()
	id := strings.ToLower(form.Get("GlobalClusterIdentifier"))
	if living(m, d.globals, id) != nil {
		return nil, apiError("GlobalClusterAlreadyExistsFault", http.StatusBadRequest, "Global cluster "+id+" already exists.")
	}
	g := &globalCluster{
		phase: begun(m, "creating"), id: id, arn: "arn:aws:rds::" + s.account + ":global-cluster:" + id,
		resource: "cluster-" + m.letters(16), engine: form.Get("Engine"), version: form.Get("EngineVersion"), database: form.Get("DatabaseName"),
		encrypted: form.Get("StorageEncrypted") == "true", protected: form.Get("DeletionProtection") == "true",
	}
	if source := form.Get("SourceDBClusterIdentifier"); source != "" {
		k, err := d.byARN(m, source)
		if err != nil {
			return nil, err
		}
		if d.globalOf(m, k.arn) != nil {
			return nil, clusterState("Source cluster is in a global cluster.")
		}
		if k.managed {
			return nil, managedInGlobal()
		}
		g.engine, g.version, g.database, g.encrypted, g.members, g.writer = k.engine, k.version, k.database, k.encrypted, []string{k.arn}, k.arn
	}
	if g.engine == "" || id == "" {
		return nil, badCombination("A global cluster needs a name, and an engine or a source cluster.")
	}
	d.globals[id] = g
	d.tags.set(g.arn, tagParameters(c))
	return globalAnswer{d.globalXML(m, g)}, nil
}

func describeGlobals(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	var answer struct {
		Globals []globalXML `xml:"GlobalClusters>GlobalClusterMember"`
	}
	if id := c.Form().Get("GlobalClusterIdentifier"); id != "" {
		g, err := d.global(m, id)
		if err != nil {
			return nil, err
		}
		answer.Globals = append(answer.Globals, d.globalXML(m, g))
		return answer, nil
	}
	for _, id := range slices.Sorted(maps.Keys(d.globals)) {
		g := d.globals[id]
		wanted := listParameter(c, "Filters.Filter.1.Values")
		if !g.gone(m) && (len(wanted) == 0 || slices.ContainsFunc(wanted, func(arn string) bool { return slices.Contains(g.members, arn) })) {
			answer.Globals = append(answer.Globals, d.globalXML(m, g))
		}
	}
	return answer, nil
}

func modifyGlobal(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	g, err := d.global(m, c.Form().Get("GlobalClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	if version := c.Form().Get("EngineVersion"); version != "" && version != g.version {
		if auroraFamily(version) == auroraFamily(g.version) {
			return nil, invalidParameter("ModifyGlobalCluster only supports Major Version Upgrades. To patch the members of your global cluster to a newer minor version you need to call ModifyDbCluster in each one of them.")
		}
		if c.Form().Get("AllowMajorVersionUpgrade") != "true" {
			return nil, badCombination("AllowMajorVersionUpgrade is required for a major version upgrade.")
		}
		g.version = version
		for _, arn := range g.members {
			if k, err := d.byARN(m, arn); err == nil {
				k.version, k.parameters = version, "default."+auroraFamily(version)
				k.change(m, "upgrading")
			}
		}
	}
	setFlag(c, "DeletionProtection", &g.protected)
	g.change(m, "modifying")
	return globalAnswer{d.globalXML(m, g)}, nil
}

func deleteGlobal(s *stores, m moment, c wire.Call) (any, error) {
	g, err := s.database.global(m, c.Form().Get("GlobalClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	switch {
	case g.protected:
		return nil, badCombination("Cannot delete protected global cluster, please disable deletion protection and try again.")
	case len(g.members) > 0:
		return nil, apiError("InvalidGlobalClusterStateFault", http.StatusBadRequest, "Global Cluster "+g.arn+" is not empty")
	}
	g.deleted = m.at
	delete(s.database.tags, g.arn)
	return globalAnswer{s.database.globalXML(m, g)}, nil
}

// removeFromGlobal detaches a cluster, which can write from then on. The writer
// goes last.
func removeFromGlobal(s *stores, m moment, c wire.Call) (any, error) {
	d := s.database
	g, err := d.global(m, c.Form().Get("GlobalClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	i := slices.Index(g.members, memberARN(s, c, c.Form().Get("DbClusterIdentifier")))
	if i < 0 {
		return nil, invalidParameter("Cluster " + c.Form().Get("DbClusterIdentifier") + " is not found in global cluster " + g.id)
	}
	arn := g.members[i]
	if arn == g.writer && len(g.members) > 1 {
		return nil, clusterState("The primary cluster can only be removed when it is the last of the global cluster.")
	}
	g.members = slices.Delete(slices.Clone(g.members), i, i+1)
	if arn == g.writer {
		g.writer = ""
	}
	if k, err := d.byARN(m, arn); err == nil {
		k.change(m, "promoting")
	}
	g.change(m, "modifying")
	return globalAnswer{d.globalXML(m, g)}, nil
}

func memberARN(s *stores, c wire.Call, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return s.arn(c, "cluster:"+strings.ToLower(id))
}

// promote makes a secondary cluster the writer. Nothing is lost here either way,
// since nothing is stored.
func promote(doing string) func(*stores, moment, wire.Call) (any, error) {
	return func(s *stores, m moment, c wire.Call) (any, error) {
		d := s.database
		g, err := d.global(m, c.Form().Get("GlobalClusterIdentifier"))
		if err != nil {
			return nil, err
		}
		target := memberARN(s, c, c.Form().Get("TargetDbClusterIdentifier"))
		switch {
		case !slices.Contains(g.members, target):
			return nil, clusterMissing(target)
		case target == g.writer:
			return nil, clusterState("The target cluster " + target + " is the primary cluster.")
		case g.busy(m):
			return nil, apiError("InvalidGlobalClusterStateFault", http.StatusBadRequest, "The global cluster is not in the available state.")
		}
		g.from, g.writer = g.writer, target
		g.change(m, doing)
		for _, arn := range []string{g.from, target} {
			if k, err := d.byARN(m, arn); err == nil {
				k.change(m, doing)
			}
		}
		return globalAnswer{d.globalXML(m, g)}, nil
	}
}
