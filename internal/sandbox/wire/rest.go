package wire

import (
	"net/url"
	"regexp"
	"strings"
)

// route names the action of a method on a path pattern, where "*" is one
// segment and what follows "?" is the value of the parameter Operation.
type route struct{ method, path, action string }

func restRoutes(service string) []route {
	switch service {
	case "route53":
		return route53Routes()
	case "lambda":
		return lambdaRoutes()
	case "backup":
		return backupRoutes()
	case "es":
		return searchRoutes()
	case "access-analyzer":
		return analyzerRoutes()
	case "guardduty":
		return guardDutyRoutes()
	case "securityhub":
		return securityHubRoutes()
	case "cloudfront":
		return cloudFrontRoutes()
	case "eks":
		return kubernetesRoutes()
	default:
		return nil
	}
}

func cloudFrontRoutes() []route {
	return []route{
		{"POST", "distribution", "CreateDistribution"},
		{"GET", "distribution", "ListDistributions"},
		{"GET", "distribution/*", "GetDistribution"},
		{"GET", "distribution/*/config", "GetDistributionConfig"},
		{"PUT", "distribution/*/config", "UpdateDistribution"},
		{"DELETE", "distribution/*", "DeleteDistribution"},
		{"POST", "distribution/*/invalidation", "CreateInvalidation"},
		{"GET", "distribution/*/invalidation", "ListInvalidations"},
		{"GET", "distribution/*/invalidation/*", "GetInvalidation"},
		{"GET", "tagging", "ListTagsForResource"},
		{"POST", "tagging?Tag", "TagResource"},
		{"POST", "tagging?Untag", "UntagResource"},
	}
}

func route53Routes() []route {
	return []route{
		{"POST", "hostedzone", "CreateHostedZone"},
		{"GET", "hostedzone", "ListHostedZones"},
		{"GET", "hostedzonesbyname", "ListHostedZonesByName"},
		{"GET", "hostedzonesbyvpc", "ListHostedZonesByVPC"},
		{"GET", "hostedzonecount", "GetHostedZoneCount"},
		{"GET", "hostedzone/*", "GetHostedZone"},
		{"POST", "hostedzone/*", "UpdateHostedZoneComment"},
		{"DELETE", "hostedzone/*", "DeleteHostedZone"},
		{"POST", "hostedzone/*/rrset", "ChangeResourceRecordSets"},
		{"GET", "hostedzone/*/rrset", "ListResourceRecordSets"},
		{"GET", "hostedzone/*/dnssec", "GetDNSSEC"},
		{"POST", "hostedzone/*/associatevpc", "AssociateVPCWithHostedZone"},
		{"POST", "hostedzone/*/disassociatevpc", "DisassociateVPCFromHostedZone"},
		{"POST", "healthcheck", "CreateHealthCheck"},
		{"GET", "healthcheck", "ListHealthChecks"},
		{"GET", "healthcheckcount", "GetHealthCheckCount"},
		{"GET", "healthcheck/*", "GetHealthCheck"},
		{"POST", "healthcheck/*", "UpdateHealthCheck"},
		{"DELETE", "healthcheck/*", "DeleteHealthCheck"},
		{"GET", "healthcheck/*/status", "GetHealthCheckStatus"},
		{"POST", "tags/*/*", "ChangeTagsForResource"},
		{"GET", "tags/*/*", "ListTagsForResource"},
		{"POST", "tags/*", "ListTagsForResources"},
		{"GET", "change/*", "GetChange"},
		{"POST", "delegationset", "CreateReusableDelegationSet"},
		{"DELETE", "delegationset/*", "DeleteReusableDelegationSet"},
		{"POST", "queryloggingconfig", "CreateQueryLoggingConfig"},
		{"DELETE", "queryloggingconfig/*", "DeleteQueryLoggingConfig"},
	}
}

func lambdaRoutes() []route {
	return []route{
		{"POST", "functions", "CreateFunction"},
		{"GET", "functions", "ListFunctions"},
		{"GET", "functions/*", "GetFunction"},
		{"DELETE", "functions/*", "DeleteFunction"},
		{"PUT", "functions/*/code", "UpdateFunctionCode"},
		{"PUT", "functions/*/configuration", "UpdateFunctionConfiguration"},
		{"POST", "functions/*/invocations", "Invoke"},
		{"POST", "functions/*/policy", "AddPermission"},
		{"DELETE", "functions/*/policy/*", "RemovePermission"},
		{"POST", "event-source-mappings", "CreateEventSourceMapping"},
		{"DELETE", "event-source-mappings/*", "DeleteEventSourceMapping"},
		{"POST", "tags/*", "TagResource"},
		{"DELETE", "tags/*", "UntagResource"},
	}
}

func backupRoutes() []route {
	return []route{
		{"GET", "backup-vaults", "ListBackupVaults"},
		{"PUT", "backup-vaults/*", "CreateBackupVault"},
		{"GET", "backup-vaults/*", "DescribeBackupVault"},
		{"DELETE", "backup-vaults/*", "DeleteBackupVault"},
		{"PUT", "backup-vaults/*/vault-lock", "PutBackupVaultLockConfiguration"},
		{"DELETE", "backup-vaults/*/vault-lock", "DeleteBackupVaultLockConfiguration"},
		{"GET", "backup-vaults/*/access-policy", "GetBackupVaultAccessPolicy"},
		{"PUT", "backup-vaults/*/access-policy", "PutBackupVaultAccessPolicy"},
		{"DELETE", "backup-vaults/*/access-policy", "DeleteBackupVaultAccessPolicy"},
		{"GET", "backup-vaults/*/notification-configuration", "GetBackupVaultNotifications"},
		{"PUT", "backup-vaults/*/notification-configuration", "PutBackupVaultNotifications"},
		{"DELETE", "backup-vaults/*/notification-configuration", "DeleteBackupVaultNotifications"},
		{"GET", "backup-vaults/*/recovery-points", "ListRecoveryPointsByBackupVault"},
		{"GET", "backup/plans", "ListBackupPlans"},
		{"PUT", "backup/plans", "CreateBackupPlan"},
		{"GET", "backup/plans/*", "GetBackupPlan"},
		{"POST", "backup/plans/*", "UpdateBackupPlan"},
		{"DELETE", "backup/plans/*", "DeleteBackupPlan"},
		{"GET", "backup/plans/*/selections", "ListBackupSelections"},
		{"PUT", "backup/plans/*/selections", "CreateBackupSelection"},
		{"GET", "backup/plans/*/selections/*", "GetBackupSelection"},
		{"DELETE", "backup/plans/*/selections/*", "DeleteBackupSelection"},
		{"GET", "tags/*", "ListTags"},
		{"POST", "tags/*", "TagResource"},
		{"POST", "untag/*", "UntagResource"},
	}
}

// searchRoutes are those of Amazon OpenSearch Service, API version 2021-01-01.
func searchRoutes() []route {
	return []route{
		{"GET", "domain", "ListDomainNames"},
		{"POST", "opensearch/domain", "CreateDomain"},
		{"POST", "opensearch/domain-info", "DescribeDomains"},
		{"GET", "opensearch/domain/*", "DescribeDomain"},
		{"DELETE", "opensearch/domain/*", "DeleteDomain"},
		{"GET", "opensearch/domain/*/config", "DescribeDomainConfig"},
		{"POST", "opensearch/domain/*/config", "UpdateDomainConfig"},
		{"GET", "opensearch/domain/*/progress", "DescribeDomainChangeProgress"},
		{"GET", "opensearch/domain/*/autoTunes", "DescribeDomainAutoTunes"},
		{"GET", "opensearch/domain/*/dryRun", "DescribeDryRunProgress"},
		{"GET", "opensearch/compatibleVersions", "GetCompatibleVersions"},
		{"GET", "opensearch/versions", "ListVersions"},
		{"GET", "opensearch/upgradeDomain/*/status", "GetUpgradeStatus"},
		{"POST", "opensearch/upgradeDomain", "UpgradeDomain"},
		{"GET", "tags", "ListTags"},
		{"POST", "tags", "AddTags"},
		{"POST", "tags-removal", "RemoveTags"},
	}
}

// tagRoutes are those of all services that have a resource's ARN in the path.
func tagRoutes() []route {
	return []route{
		{"POST", "tags/*", "TagResource"},
		{"DELETE", "tags/*", "UntagResource"},
		{"GET", "tags/*", "ListTagsForResource"},
	}
}

func analyzerRoutes() []route {
	return append(tagRoutes(), []route{
		{"PUT", "analyzer", "CreateAnalyzer"},
		{"GET", "analyzer", "ListAnalyzers"},
		{"GET", "analyzer/*", "GetAnalyzer"},
		{"PUT", "analyzer/*", "UpdateAnalyzer"},
		{"DELETE", "analyzer/*", "DeleteAnalyzer"},
		{"PUT", "analyzer/*/archive-rule", "CreateArchiveRule"},
		{"DELETE", "analyzer/*/archive-rule/*", "DeleteArchiveRule"},
	}...)
}

func guardDutyRoutes() []route {
	return append(tagRoutes(), []route{
		{"POST", "detector", "CreateDetector"},
		{"GET", "detector", "ListDetectors"},
		{"GET", "detector/*", "GetDetector"},
		{"POST", "detector/*", "UpdateDetector"},
		{"DELETE", "detector/*", "DeleteDetector"},
		{"POST", "detector/*/filter", "CreateFilter"},
		{"GET", "detector/*/filter/*", "GetFilter"},
		{"POST", "detector/*/filter/*", "UpdateFilter"},
		{"DELETE", "detector/*/filter/*", "DeleteFilter"},
		{"POST", "detector/*/findings/get", "GetFindings"},
		{"POST", "detector/*/findings", "ListFindings"},
	}...)
}

func securityHubRoutes() []route {
	return append(tagRoutes(), []route{
		{"POST", "accounts", "EnableSecurityHub"},
		{"GET", "accounts", "DescribeHub"},
		{"PATCH", "accounts", "UpdateSecurityHubConfiguration"},
		{"DELETE", "accounts", "DisableSecurityHub"},
		{"GET", "standards", "DescribeStandards"},
		{"POST", "standards/get", "GetEnabledStandards"},
		{"POST", "standards/register", "BatchEnableStandards"},
		{"POST", "standards/deregister", "BatchDisableStandards"},
		{"POST", "findings", "GetFindings"},
		{"POST", "findings/import", "BatchImportFindings"},
		{"PATCH", "findings/batchupdate", "BatchUpdateFindings"},
	}...)
}

// kubernetesRoutes are those of EKS.
func kubernetesRoutes() []route {
	return append(tagRoutes(), []route{
		{"POST", "clusters", "CreateCluster"},
		{"GET", "clusters", "ListClusters"},
		{"GET", "clusters/*", "DescribeCluster"},
		{"DELETE", "clusters/*", "DeleteCluster"},
		{"POST", "clusters/*/update-config", "UpdateClusterConfig"},
		{"POST", "clusters/*/updates", "UpdateClusterVersion"},
		{"GET", "clusters/*/updates", "ListUpdates"},
		{"GET", "clusters/*/updates/*", "DescribeUpdate"},
		{"POST", "clusters/*/encryption-config/associate", "AssociateEncryptionConfig"},
		{"POST", "clusters/*/node-groups", "CreateNodegroup"},
		{"GET", "clusters/*/node-groups", "ListNodegroups"},
		{"GET", "clusters/*/node-groups/*", "DescribeNodegroup"},
		{"DELETE", "clusters/*/node-groups/*", "DeleteNodegroup"},
		{"POST", "clusters/*/node-groups/*/update-config", "UpdateNodegroupConfig"},
		{"POST", "clusters/*/node-groups/*/update-version", "UpdateNodegroupVersion"},
		{"POST", "clusters/*/fargate-profiles", "CreateFargateProfile"},
		{"GET", "clusters/*/fargate-profiles", "ListFargateProfiles"},
		{"GET", "clusters/*/fargate-profiles/*", "DescribeFargateProfile"},
		{"DELETE", "clusters/*/fargate-profiles/*", "DeleteFargateProfile"},
		{"POST", "clusters/*/addons", "CreateAddon"},
		{"GET", "clusters/*/addons", "ListAddons"},
		{"GET", "clusters/*/addons/*", "DescribeAddon"},
		{"DELETE", "clusters/*/addons/*", "DeleteAddon"},
		{"POST", "clusters/*/addons/*/update", "UpdateAddon"},
		{"GET", "addons/supported-versions", "DescribeAddonVersions"},
		{"POST", "clusters/*/access-entries", "CreateAccessEntry"},
		{"GET", "clusters/*/access-entries", "ListAccessEntries"},
		{"GET", "clusters/*/access-entries/*", "DescribeAccessEntry"},
		{"POST", "clusters/*/access-entries/*", "UpdateAccessEntry"},
		{"DELETE", "clusters/*/access-entries/*", "DeleteAccessEntry"},
		{"POST", "clusters/*/access-entries/*/access-policies", "AssociateAccessPolicy"},
		{"GET", "clusters/*/access-entries/*/access-policies", "ListAssociatedAccessPolicies"},
		{"DELETE", "clusters/*/access-entries/*/access-policies/*", "DisassociateAccessPolicy"},
		{"GET", "access-policies", "ListAccessPolicies"},
		{"POST", "clusters/*/pod-identity-associations", "CreatePodIdentityAssociation"},
		{"GET", "clusters/*/pod-identity-associations", "ListPodIdentityAssociations"},
		{"GET", "clusters/*/pod-identity-associations/*", "DescribePodIdentityAssociation"},
		{"POST", "clusters/*/pod-identity-associations/*", "UpdatePodIdentityAssociation"},
		{"DELETE", "clusters/*/pod-identity-associations/*", "DeletePodIdentityAssociation"},
	}...)
}

// restAction looks the action up in the service's table; a path that is not
// there gets a name made of the method and its last constant segment.
func restAction(service, method string, u *url.URL) string {
	segments := pathSegments(u.EscapedPath())
	for _, r := range restRoutes(service) {
		path, operation, _ := strings.Cut(r.path, "?")
		if r.method == method && (operation == "" || operation == u.Query().Get("Operation")) && matchSegments(strings.Split(path, "/"), segments) {
			return r.action
		}
	}
	return verbOf(method) + lastNoun(segments)
}

var apiVersion = regexp.MustCompile(`^(v\d+|\d{4}-\d{2}-\d{2})$`)

func pathSegments(path string) []string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if apiVersion.MatchString(segments[0]) {
		return segments[1:]
	}
	return segments
}

func matchSegments(pattern, segments []string) bool {
	if len(pattern) != len(segments) {
		return false
	}
	for i, p := range pattern {
		if p != "*" && p != segments[i] {
			return false
		}
	}
	return true
}

// lastNoun takes segments by turns for a collection and for an identifier, as
// most REST services do: /clusters/NAME/node-groups gives NodeGroups.
func lastNoun(segments []string) string {
	if len(segments) == 0 || segments[0] == "" {
		return "Resource"
	}
	noun := segments[(len(segments)-1)/2*2]
	var b strings.Builder
	for _, word := range strings.FieldsFunc(noun, func(r rune) bool { return r == '-' || r == '_' || r == '.' || r == ':' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
