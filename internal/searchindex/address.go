package searchindex

import (
	"net"
	"net/url"
	"regexp"

	"github.com/aegisworld/aegis"
)

var awsHost = regexp.MustCompile(`^[a-z0-9-]+\.([a-z]{2}(?:-[a-z]+)+-\d)\.es\.amazonaws\.com$`)

// Check returns an aegis.InvalidError for an address that is not used: one with
// credentials or a path in it, or without TLS to another machine.
func Check(address string) error {
	const form = "give https://HOST, without a path"
	u, err := url.Parse(address)
	if err != nil {
		return aegis.Invalid("opensearch", form) // the cause would show it
	}
	if u.User != nil {
		return aegis.Invalid("opensearch", "has credentials in it: requests are signed as the base identity")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return aegis.Invalid("opensearch", form)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return aegis.Invalid("opensearch", "goes to another machine without TLS: use https://")
	}
	return nil
}

// Region is the region in the name of a domain of Amazon OpenSearch Service, ""
// in other names.
func Region(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if found := awsHost.FindStringSubmatch(u.Hostname()); found != nil {
		return found[1]
	}
	return ""
}
