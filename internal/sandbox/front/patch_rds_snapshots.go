package front

import (
	"net/http"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// clusterSnapshot is what a deleted cluster leaves.
type clusterSnapshot struct {
	id, region, arn, cluster, engine, version, key string
	created                                        time.Time
	encrypted                                      bool
}

func describeSnapshots(s *stores, _ moment, c wire.Call) (any, error) {
	var answer struct {
		Snapshots []snapshotXML `xml:"DBClusterSnapshots>DBClusterSnapshot"`
	}
	name, cluster := strings.ToLower(c.Form().Get("DBClusterSnapshotIdentifier")), c.Form().Get("DBClusterIdentifier")
	for _, one := range inRegion(s.database.snapshots, c.Region) {
		if (name == "" || name == one.id) && (cluster == "" || named(cluster) == one.cluster) {
			answer.Snapshots = append(answer.Snapshots, snapshotXML{
				ID: one.id, ARN: one.arn, Cluster: one.cluster, Engine: one.engine, Version: one.version, Status: "available", Type: "manual",
				Created: one.created, Encrypted: one.encrypted, Key: one.key, Percent: 100,
			})
		}
	}
	if name != "" && len(answer.Snapshots) == 0 {
		return nil, snapshotMissing(name)
	}
	return answer, nil
}

func snapshotMissing(name string) error {
	return apiError("DBClusterSnapshotNotFoundFault", http.StatusNotFound, "DBClusterSnapshot not found: "+name)
}

func deleteSnapshot(s *stores, _ moment, c wire.Call) (any, error) {
	name := strings.ToLower(c.Form().Get("DBClusterSnapshotIdentifier"))
	if s.database.snapshots[c.Region+" "+name] == nil {
		return nil, snapshotMissing(name)
	}
	delete(s.database.snapshots, c.Region+" "+name)
	return nil, nil
}
