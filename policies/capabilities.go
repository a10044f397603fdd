package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// pureCapabilities are OPA's without what makes an answer depend on anything
// but input and data: http.send, opa.runtime, net.lookup_ip_addr,
// time.now_ns, rand.intn, uuid.rfc4122 and the like.
func pureCapabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), impure)
	c.AllowNet = []string{}
	return c
}

func impure(b *ast.Builtin) bool {
	switch b.Name {
	case ast.HTTPSend.Name, ast.OPARuntime.Name, ast.NetLookupIPAddr.Name, ast.Trace.Name:
		return true
	default:
		return b.Nondeterministic
	}
}
