package stacks

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

func networkRules(faults *aegis.InvalidError, params *aegis.NetworkSpec) {
	if _, err := planSubnets(params.CIDR, params.Zones); err != nil {
		faults.Add("parameters.cidr", err.Error())
	}
	if params.Endpoints != nil {
		twice(faults, "parameters.endpoints.gateway", params.Endpoints.Gateway)
		twice(faults, "parameters.endpoints.interface", params.Endpoints.Interface)
		for i, service := range params.Endpoints.Interface {
			if slices.Contains(params.Endpoints.Gateway, service) {
				faults.Add(fmt.Sprintf("parameters.endpoints.interface.%d", i), fmt.Sprintf("%q is among gateway, too", service))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params.IngressRules)) {
		rule, field := params.IngressRules[name], "parameters.ingress_rules."+name
		if rule.FromPort > rule.ToPort {
			faults.Add(field+".from_port", fmt.Sprintf("%d is above to_port %d", rule.FromPort, rule.ToPort))
		}
		cidrRules(faults, field+".cidrs", rule.CIDRs)
	}
}

func twice(faults *aegis.InvalidError, field string, names []string) {
	for i, name := range names {
		if slices.Index(names, name) < i {
			faults.Add(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%q is there twice", name))
		}
	}
}

func cidrRules(faults *aegis.InvalidError, field string, cidrs []string) {
	for i, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil || !prefix.Addr().Is4():
			faults.Add(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%q is not an IPv4 range such as 10.0.0.0/8", cidr))
		case prefix.Masked() != prefix:
			faults.Add(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%q does not start at its network address %s", cidr, prefix.Masked().Addr()))
		case slices.Index(cidrs, cidr) < i:
			faults.Add(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%q is there twice", cidr))
		}
	}
}

// maxRoleName is IAM's limit.
const maxRoleName = 64

func securityRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.SecuritySpec) {
	if params.WorkloadRoles[nodeRole].Service != serviceEC2 {
		faults.Add("parameters.workload_roles."+nodeRole, "must exist, with service "+serviceEC2+": the runtime's instances have this role")
	}
	watchRules(faults, params)
	storesRules(faults, params.Stores)
	if params.Replicated && len(spec.Regions) < 2 {
		faults.Add("parameters.replicated", "needs another region in regions")
	}
	for _, name := range sortedKeys(params.WorkloadRoles) {
		field := "parameters.workload_roles." + name
		if slices.Contains([]string{boundaryName, executorRole, aegis.ControlPlaneRole + "-sessions", recorderRole, storesPolicy, replicationRole}, name) {
			faults.Add(field, "is a name of the estate's own")
		}
		if full := (&stack{spec: spec}).inAccount(name); len(full) > maxRoleName {
			faults.Add(field, fmt.Sprintf("%s has more than %d characters", full, maxRoleName))
		}
		role := params.WorkloadRoles[name]
		if name != aegis.ControlPlaneRole && len(role.Actions)+len(role.ManagedPolicies) == 0 {
			faults.Add(field, "needs actions or managed_policies")
		}
		if name == aegis.ControlPlaneRole && role.Service != servicePods {
			faults.Add(field+".service", "must be "+servicePods+": the control plane's pods have this role")
		}
		twice(faults, field+".managed_policies", params.WorkloadRoles[name].ManagedPolicies)
		for i, action := range params.WorkloadRoles[name].Actions {
			actionRules(faults, fmt.Sprintf("%s.actions.%d", field, i), action)
		}
	}
}

// actionRules demands an action of a service with resources of the estate, by
// its full name: a wildcard could grow with AWS.
func actionRules(faults *aegis.InvalidError, field, action string) {
	service, name, _ := strings.Cut(action, ":")
	if !slices.Contains(workloadServices(), service) {
		faults.Add(field, fmt.Sprintf("%q is not of one of the services: %s", action, strings.Join(workloadServices(), ", ")))
		return
	}
	isLetter := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isLetter(r) }) {
		faults.Add(field, fmt.Sprintf("%q is not an action such as kinesis:PutRecord; wildcards are refused", action))
	}
}

// maxBucketName is S3's limit; accountDigits is the length of an account id.
const (
	maxBucketName = 63
	accountDigits = "000000000000"
)

func dataRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.DataSpec) {
	for _, name := range sortedKeys(params.Buckets) {
		field := "parameters.buckets." + name
		if full := bucketName(spec.Environment, name, accountDigits, spec.Region); len(full) > maxBucketName {
			faults.Add(field, fmt.Sprintf("the bucket's full name has %d characters, at most %d are allowed", len(full), maxBucketName))
		}
		bucketRules(faults, field, params.Buckets[name])
	}
	tableRules(faults, params)
	cacheRules(faults, spec, params)
	searchRules(faults, spec, params)
	databaseRules(faults, spec, params)
	backupRules(faults, params.Backup)
	for _, name := range sortedKeys(params.Secrets) {
		copyRules(faults, "parameters.secrets."+name+".replica_regions", spec, params.Secrets[name].ReplicaRegions)
	}
	twice(faults, "parameters.log_groups", params.LogGroups)
	flat := map[string]string{}
	for _, name := range sortedKeys(params.Settings) {
		logical := strings.ReplaceAll(name, "/", "-")
		if other, taken := flat[logical]; taken {
			faults.Add("parameters.settings."+name, fmt.Sprintf("differs from %q only in hyphens and slashes", other))
		}
		flat[logical] = name
	}
}

// minInfrequent and minArchive are the days before which S3 moves nothing.
const (
	minInfrequent = 30
	minArchive    = 1
)

// bucketRules are S3's rules of what comes after what.
func bucketRules(faults *aegis.InvalidError, field string, spec aegis.BucketSpec) {
	if spec.InfrequentDays > 0 && spec.InfrequentDays < minInfrequent {
		faults.Add(field+".infrequent_days", fmt.Sprintf("%d is below %d, S3's least", spec.InfrequentDays, minInfrequent))
	}
	if spec.InfrequentDays > 0 && spec.ArchiveDays > 0 && spec.ArchiveDays < spec.InfrequentDays+minInfrequent {
		faults.Add(field+".archive_days", fmt.Sprintf("%d is not %d days after infrequent_days %d", spec.ArchiveDays, minInfrequent, spec.InfrequentDays))
	}
	if last := max(spec.InfrequentDays, spec.ArchiveDays); spec.ExpireDays > 0 && last >= spec.ExpireDays {
		faults.Add(field+".expire_days", fmt.Sprintf("%d is not above %d, when objects are moved", spec.ExpireDays, last))
	}
	if spec.Lock == nil {
		return
	}
	if spec.ExpireDays > 0 && spec.ExpireDays < spec.Lock.Days {
		faults.Add(field+".expire_days", fmt.Sprintf("%d is below lock.days %d, until when nothing can be deleted", spec.ExpireDays, spec.Lock.Days))
	}
	if spec.NoncurrentExpireDays < spec.Lock.Days {
		faults.Add(field+".noncurrent_expire_days", fmt.Sprintf("%d is below lock.days %d, until when nothing can be deleted", spec.NoncurrentExpireDays, spec.Lock.Days))
	}
}

// minColdDays is how long AWS Backup keeps what is in cold storage.
const minColdDays = 90

func backupRules(faults *aegis.InvalidError, spec *aegis.BackupSpec) {
	if spec == nil {
		return
	}
	if fields := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(spec.Schedule, "cron("), ")")); len(fields) != cronFields {
		faults.Add("parameters.backup.schedule", fmt.Sprintf("%q has %d fields, not %d", spec.Schedule, len(fields), cronFields))
	}
	if spec.ColdAfterDays > 0 && spec.DeleteAfterDays < spec.ColdAfterDays+minColdDays {
		faults.Add("parameters.backup.delete_after_days", fmt.Sprintf("%d is not %d days after cold_after_days %d", spec.DeleteAfterDays, minColdDays, spec.ColdAfterDays))
	}
}

// cronFields is the number of fields of EventBridge's cron expressions.
const cronFields = 6

func tableRules(faults *aegis.InvalidError, params *aegis.DataSpec) {
	for _, name := range sortedKeys(params.Tables) {
		spec := params.Tables[name]
		field := "parameters.tables." + name
		if spec.RangeKey == spec.HashKey {
			faults.Add(field+".range_key", fmt.Sprintf("%q is the hash_key, too", spec.RangeKey))
		}
		if spec.TTLAttribute != "" && (spec.TTLAttribute == spec.HashKey || spec.TTLAttribute == spec.RangeKey) {
			faults.Add(field+".ttl_attribute", fmt.Sprintf("%q is a key of text, not a time", spec.TTLAttribute))
		}
	}
}

func runtimeRules(faults *aegis.InvalidError, params *aegis.RuntimeSpec) {
	if params.NodeMin > params.NodeDesired {
		faults.Add("parameters.node_min", fmt.Sprintf("%d is above node_desired %d", params.NodeMin, params.NodeDesired))
	}
	if params.NodeDesired > params.NodeMax {
		faults.Add("parameters.node_desired", fmt.Sprintf("%d is above node_max %d", params.NodeDesired, params.NodeMax))
	}
}
