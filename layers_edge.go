package aegis

// DistributionSpec sets a CloudFront distribution, whose origin is app.<domain>. The
// stack in us-east-1 makes it, where CloudFront looks for certificates and web
// ACLs.
type DistributionSpec struct {
	// Name is what clients ask for: <name>.<domain>.
	Name string `json:"name" jsonschema:"minLength=1,maxLength=40,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"`
	// CachedPaths are what may be kept at the edge, such as /static/*; all else is
	// asked of the origin each time.
	CachedPaths []string `json:"cached_paths,omitempty" jsonschema:"maxItems=20"`
	// PriceClass says from which edge locations is served: 100 are North America and
	// Europe, 200 all but the dearest.
	PriceClass string `json:"price_class" jsonschema:"enum=100,enum=200,enum=all"`
	// WebACL judges requests at the edge.
	WebACL *WebACLSpec `json:"web_acl,omitempty"`
}
