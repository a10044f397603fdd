package webhooks

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/aegisworld/aegis"
)

// maxURL is the longest URL.
const maxURL = 2048

// checkURL finds what is wrong with a destination, by its words alone; named is
// whether the configuration names its host.
func checkURL(raw string, named func(host string) bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURL:
		return nil, aegis.Invalid("url", "it is longer than 2048 characters")
	case err != nil || u.Hostname() == "" || u.Opaque != "" || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return nil, aegis.Invalid("url", "give an address such as https://hooks.example.com/aegis")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, aegis.Invalid("url", "it must begin with https://")
	case u.User != nil:
		return nil, aegis.Invalid("url", "leave out the user and the password; requests are signed")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, aegis.Invalid("url", "leave out what follows #; it is never sent")
	case u.Scheme == "http" && !named(u.Hostname()):
		return nil, aegis.Invalid("url", "use https://; http:// is for hosts that egress.allow in the configuration names")
	}
	return u, nil
}

// checkReach asks whether the destination may be connected to as things are.
func checkReach(ctx context.Context, g guard, u *url.URL) error {
	err := g.Check(ctx, u)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case unresolved(err):
		return aegis.Invalid("url", u.Hostname()+" does not resolve; check the name, or try again")
	default:
		return aegis.Invalid("url", err.Error()+"; use a public address, or name it in egress.allow of the configuration")
	}
}

// unresolved says that a look-up of a name failed.
func unresolved(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// shown is a URL as people may see it: the addresses of chats are secrets, and
// parameters may be.
func shown(u *url.URL, format aegis.WebhookFormat) string {
	out := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	text := out.String()
	if format != aegis.WebhookCloudEvents && u.Path != "" && u.Path != "/" {
		return u.Scheme + "://" + u.Host + "/…"
	}
	if u.RawQuery != "" {
		text += "?…"
	}
	return text
}
