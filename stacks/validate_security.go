package stacks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aegisworld/aegis"
)

// watchRules are the rules of what watches the account.
func watchRules(faults *aegis.InvalidError, params *aegis.SecuritySpec) {
	if params.SecurityHub != nil {
		twice(faults, "parameters.security_hub.standards", params.SecurityHub.Standards)
		if len(params.SecurityHub.Standards) > 0 && params.Recorder == nil {
			faults.Add("parameters.security_hub.standards", "need recorder: standards judge what AWS Config records")
		}
	}
	if params.WebACL != nil {
		webACLRules(faults, "parameters.web_acl", params.WebACL)
	}
}

// storesRules demand something to allow, and keep patterns out of names.
func storesRules(faults *aegis.InvalidError, spec *aegis.StoresSpec) {
	if spec == nil {
		return
	}
	if spec.Bucket == "" && spec.Stream == "" && spec.SearchDomain == "" {
		faults.Add("parameters.stores", "names neither bucket, stream nor search_domain")
	}
	if spec.Prefix != "" && (spec.Bucket == "" || strings.HasPrefix(spec.Prefix, "/") || strings.HasSuffix(spec.Prefix, "/")) {
		faults.Add("parameters.stores.prefix", "is a part of bucket, without a slash at either end")
	}
	for field, name := range map[string]string{"bucket": spec.Bucket, "stream": spec.Stream, "search_domain": spec.SearchDomain} {
		if !storeName.MatchString(name) {
			faults.Add("parameters.stores."+field, fmt.Sprintf("%q is not the name of one in layer data", name))
		}
	}
}

// storeName is a name of layer data, or none.
var storeName = regexp.MustCompile(`^[a-z0-9-]*$`)

// The capacity units that a web ACL may use before they are paid for one by
// one, those of AWS's rule groups, and the lowest limit of a rate rule; see the
// AWS WAF developer guide, "AWS WAF web ACL capacity units" and "AWS Managed
// Rules rule groups list".
const (
	maxCapacity  = 1500
	rateCapacity = 2
	minRate      = 10
)

func ruleGroupCapacity(group string) int {
	return map[string]int{
		"AWSManagedRulesAdminProtectionRuleSet": 100, "AWSManagedRulesAmazonIpReputationList": 25, "AWSManagedRulesAnonymousIpList": 50,
		"AWSManagedRulesCommonRuleSet": 700, "AWSManagedRulesKnownBadInputsRuleSet": 200, "AWSManagedRulesLinuxRuleSet": 200,
		"AWSManagedRulesSQLiRuleSet": 200, "AWSManagedRulesUnixRuleSet": 100,
	}[group]
}

func webACLRules(faults *aegis.InvalidError, field string, spec *aegis.WebACLSpec) {
	twice(faults, field+".managed_rules", spec.ManagedRules)
	capacity := 0
	for _, group := range spec.ManagedRules {
		capacity += ruleGroupCapacity(group)
	}
	if spec.RateLimit > 0 {
		capacity += rateCapacity
	}
	if capacity > maxCapacity {
		faults.Add(field+".managed_rules", fmt.Sprintf("need %d capacity units, at most %d are allowed", capacity, maxCapacity))
	}
	if spec.RateLimit > 0 && spec.RateLimit < minRate {
		faults.Add(field+".rate_limit", fmt.Sprintf("%d is below %d, the lowest that AWS takes", spec.RateLimit, minRate))
	}
}

// trailRules demand the trail of the primary region where any region asks for
// it, and leave its bucket's name to it.
func trailRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	all := ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity)
	here := map[string]bool{}
	for _, one := range all {
		here[one.spec.Region] = one.of.Trail != nil
	}
	audited := map[string]bool{}
	for _, one := range all {
		audited[one.spec.Region] = one.of.Trail != nil || one.of.Recorder != nil
		if primary := primaryRegion(one.spec); one.of.Trail != nil && !here[primary] {
			faults.Add(StackID(one.spec)+".parameters.trail", "is made by the primary region's stack for all regions: set it for "+
				stackID(one.spec.Environment, aegis.LayerSecurity, primary))
		}
	}
	for _, data := range ofLayer[aegis.DataSpec](specs, aegis.LayerData) {
		if _, taken := data.of.Buckets[auditBucket]; taken && audited[data.spec.Region] {
			faults.Add(StackID(data.spec)+".parameters.buckets."+auditBucket, "is the name of layer security's bucket")
		}
	}
}
