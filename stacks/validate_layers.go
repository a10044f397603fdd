package stacks

import (
	"fmt"
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
	names := map[string]bool{}
	for i, rule := range params.IngressRules {
		field := fmt.Sprintf("parameters.ingress_rules.%d", i)
		if names[rule.Name] {
			faults.Add(field+".name", fmt.Sprintf("%q is there twice", rule.Name))
		}
		names[rule.Name] = true
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
	for _, name := range sortedKeys(params.WorkloadRoles) {
		field := "parameters.workload_roles." + name
		if name == "executor" || name == "boundary" {
			faults.Add(field, "is a name of the estate's own")
		}
		if full := (&stack{spec: spec}).inAccount(name); len(full) > maxRoleName {
			faults.Add(field, fmt.Sprintf("%s has more than %d characters", full, maxRoleName))
		}
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

func runtimeRules(faults *aegis.InvalidError, params *aegis.RuntimeSpec) {
	if params.NodeMin > params.NodeDesired {
		faults.Add("parameters.node_min", fmt.Sprintf("%d is above node_desired %d", params.NodeMin, params.NodeDesired))
	}
	if params.NodeDesired > params.NodeMax {
		faults.Add("parameters.node_desired", fmt.Sprintf("%d is above node_max %d", params.NodeDesired, params.NodeMax))
	}
}
