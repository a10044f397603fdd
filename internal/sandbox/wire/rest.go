package wire

import (
	"net/url"
	"regexp"
	"strings"
)

// route names the action of a method on a path pattern, where "*" is one
// segment.
type route struct{ method, path, action string }

func restRoutes(service string) []route {
	switch service {
	case "route53":
		return route53Routes()
	case "lambda":
		return lambdaRoutes()
	default:
		return nil
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

// restAction looks the action up in the service's table; a path that is not
// there gets a name made of the method and its last constant segment.
func restAction(service, method string, u *url.URL) string {
	segments := pathSegments(u.Path)
	for _, r := range restRoutes(service) {
		if r.method == method && matchSegments(strings.Split(r.path, "/"), segments) {
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
