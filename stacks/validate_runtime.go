package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aegisworld/aegis"
)

// balancerSpecRules are the rules of what the runtime has beside its nodes.
func balancerSpecRules(faults *aegis.InvalidError, spec aegis.Spec, params *aegis.RuntimeSpec) {
	twice(faults, "parameters.replicate_images_to", params.ReplicateImagesTo)
	for i, region := range params.ReplicateImagesTo {
		field := fmt.Sprintf("parameters.replicate_images_to.%d", i)
		switch {
		case region == spec.Region:
			faults.Add(field, fmt.Sprintf("%q is the stack's own region", region))
		case !slices.Contains(spec.Regions, region):
			faults.Add(field, fmt.Sprintf("%q is not one of the estate's regions", region))
		}
	}
	if len(params.ReplicateImagesTo) > 0 && len(params.Repositories) == 0 {
		faults.Add("parameters.replicate_images_to", "needs repositories: there are no images to copy")
	}
	if params.LoadBalancer == nil {
		return
	}
	cidrRules(faults, "parameters.load_balancer.client_cidrs", params.LoadBalancer.ClientCIDRs)
	if arn := params.LoadBalancer.CertificateARN; arn != "" && !strings.HasPrefix(arn, "arn:aws:acm:"+spec.Region+":") {
		faults.Add("parameters.load_balancer.certificate_arn", fmt.Sprintf("%q is not a certificate in %s", arn, spec.Region))
	}
	if name := (&stack{spec: spec}).local(balancer); len(name) > maxBalancer {
		faults.Add("parameters.load_balancer", fmt.Sprintf("its name %s has more than %d characters", name, maxBalancer))
	}
}

// guardRules demand the web ACL and the certificate that a load balancer is to
// have, and two zones where there is one at all.
func guardRules(faults *aegis.InvalidError, specs []aegis.Spec) {
	guarded, zones, balanced := map[string]bool{}, map[string]int{}, map[string]bool{}
	for _, security := range ofLayer[aegis.SecuritySpec](specs, aegis.LayerSecurity) {
		guarded[security.spec.Region] = security.of.WebACL != nil
	}
	for _, network := range ofLayer[aegis.NetworkSpec](specs, aegis.LayerNetwork) {
		zones[network.spec.Region] = network.of.Zones
	}
	for _, edge := range ofLayer[aegis.EdgeSpec](specs, aegis.LayerEdge) {
		balanced[edge.spec.Region] = edge.of.Balanced
	}
	for _, runtime := range ofLayer[aegis.RuntimeSpec](specs, aegis.LayerRuntime) {
		field := StackID(runtime.spec) + ".parameters.load_balancer"
		named := runtime.of.LoadBalancer != nil && runtime.of.LoadBalancer.CertificateARN == ""
		if balanced[runtime.spec.Region] && !named {
			faults.Add(field, "is needed, without a certificate_arn: layer edge of the region is balanced, and nothing else would lead anywhere")
		}
		if runtime.of.LoadBalancer == nil {
			continue
		}
		if named && !balanced[runtime.spec.Region] {
			faults.Add(field+".certificate_arn", "is needed unless layer edge of the region is balanced, which makes one")
		}
		if runtime.of.LoadBalancer.WebACL && !guarded[runtime.spec.Region] {
			faults.Add(field+".web_acl", "needs web_acl in layer security of the region")
		}
		if zones[runtime.spec.Region] < 2 {
			faults.Add(field, "needs at least 2 zones in layer network of the region")
		}
	}
}
