package aegis

// TrailSpec sets the account's trail. It is encrypted, with validated files, in
// a bucket of its own from which nobody deletes.
type TrailSpec struct {
	// RetentionDays is how long the files are kept.
	RetentionDays int `json:"retention_days" jsonschema:"minimum=90,maximum=3650"`
}

// RecorderSpec sets AWS Config's recorder of all resource types.
type RecorderSpec struct {
	Frequency string `json:"frequency" jsonschema:"enum=CONTINUOUS,enum=DAILY"`
	// SnapshotHours is the time between two snapshots of everything.
	SnapshotHours int `json:"snapshot_hours" jsonschema:"enum=1,enum=3,enum=6,enum=12,enum=24"`
	// RetentionDays is how long the files are kept.
	RetentionDays int `json:"retention_days" jsonschema:"minimum=30,maximum=3650"`
}

// ThreatDetectionSpec sets the region's GuardDuty detector.
type ThreatDetectionSpec struct {
	// FindingMinutes is how often findings that occur again are published.
	FindingMinutes int `json:"finding_minutes" jsonschema:"enum=15,enum=60,enum=360"`
}

// SecurityHubSpec sets the region's Security Hub.
type SecurityHubSpec struct {
	// Standards are names with versions.
	Standards []string `json:"standards" jsonschema:"enum=aws-foundational-security-best-practices/1.0.0,enum=aws-resource-tagging-standard/1.0.0,enum=cis-aws-foundations-benchmark/1.4.0,enum=cis-aws-foundations-benchmark/3.0.0,enum=nist-800-53/5.0.0,enum=pci-dss/3.2.1,enum=pci-dss/4.0.1,maxItems=7"`
	// AutoEnableControls takes up controls that AWS adds to a standard.
	AutoEnableControls bool `json:"auto_enable_controls"`
}

// WebACLSpec sets a web ACL: everything passes but what a rule blocks.
type WebACLSpec struct {
	// ManagedRules are rule groups of AWS, in their order.
	ManagedRules []string `json:"managed_rules" jsonschema:"enum=AWSManagedRulesAdminProtectionRuleSet,enum=AWSManagedRulesAmazonIpReputationList,enum=AWSManagedRulesAnonymousIpList,enum=AWSManagedRulesCommonRuleSet,enum=AWSManagedRulesKnownBadInputsRuleSet,enum=AWSManagedRulesLinuxRuleSet,enum=AWSManagedRulesSQLiRuleSet,enum=AWSManagedRulesUnixRuleSet,maxItems=8"`
	// RateLimit blocks an address that makes more requests than this in five
	// minutes; 0 blocks none.
	RateLimit int `json:"rate_limit,omitempty" jsonschema:"minimum=0,maximum=2000000000"`
}
