package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	balancer    = "app"
	tlsPolicy   = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	maxBalancer = 32 // characters of a load balancer's name
)

// WebACLOutput is what a security stack exports beside SecurityOutputs when its
// spec has a web ACL.
type WebACLOutput struct {
	WebACLARN string `json:"web_acl_arn"`
}

// loadBalancer declares the way from clients to the nodes and returns the group
// that the nodes join; nil when the spec has none.
func loadBalancer(s *stack, spec *aegis.LoadBalancerSpec, network NetworkOutputs) (*lb.TargetGroup, error) {
	if spec == nil {
		return nil, nil //nolint:nilnil // no load balancer
	}
	door, err := balancerRules(s, *spec, network)
	if err != nil {
		return nil, err
	}
	edge, certificate, err := nameOf(s, *spec)
	if err != nil {
		return nil, err
	}
	made, err := lb.NewLoadBalancer(s.ctx, balancer, &lb.LoadBalancerArgs{
		Name: pulumi.String(s.local(balancer)), LoadBalancerType: pulumi.String("application"),
		Subnets: pulumi.ToStringArray(network.PublicSubnetIDs), SecurityGroups: pulumi.StringArray{door.ID()},
		DropInvalidHeaderFields: pulumi.Bool(true),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	targets, err := lb.NewTargetGroup(s.ctx, balancer, &lb.TargetGroupArgs{
		Name: pulumi.String(s.local(balancer)), VpcId: pulumi.String(network.VPCID),
		Port: pulumi.Int(spec.TargetPort), Protocol: pulumi.String("HTTPS"), DeregistrationDelay: pulumi.Int(spec.DrainSeconds),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Protocol: pulumi.String("HTTPS"), Path: pulumi.String(spec.HealthPath), Matcher: pulumi.String("200"), Interval: pulumi.Int(15),
		},
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	if _, err := lb.NewListener(s.ctx, "https", &lb.ListenerArgs{
		LoadBalancerArn: made.Arn, Port: pulumi.Int(httpsPort), Protocol: pulumi.String("HTTPS"),
		SslPolicy: pulumi.String(tlsPolicy), CertificateArn: pulumi.String(certificate),
		DefaultActions: lb.ListenerDefaultActionArray{
			lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: targets.Arn},
		},
	}, s.opts()...); err != nil {
		return nil, err
	}
	s.output("load_balancer_dns_name", made.DnsName)
	s.output("load_balancer_zone_id", made.ZoneId)
	s.check("load balancer active", "aws_lb", made.Arn, map[string]string{"state": "active"})
	if edge != nil {
		if err := leadTo(s, *edge, made); err != nil {
			return nil, err
		}
	}
	return targets, guard(s, *spec, made)
}

// nameOf is the certificate of the load balancer, and layer edge's name for it
// where that is the one to be used.
func nameOf(s *stack, spec aegis.LoadBalancerSpec) (edge *BalancedOutputs, certificate string, err error) {
	if spec.CertificateARN != "" {
		return nil, spec.CertificateARN, nil
	}
	outputs, err := outputsOf[BalancedOutputs](s, stackID(s.spec.Environment, aegis.LayerEdge, s.spec.Region))
	return &outputs, outputs.CertificateARN, err
}

// leadTo has the estate's name lead clients near the region to its load
// balancer, while that has healthy nodes.
func leadTo(s *stack, edge BalancedOutputs, made *lb.LoadBalancer) error {
	_, err := route53.NewRecord(s.ctx, balancer, &route53.RecordArgs{
		ZoneId: pulumi.String(edge.ZoneID), Name: pulumi.String(edge.AppName), Type: pulumi.String("A"), SetIdentifier: pulumi.String(s.spec.Region),
		Aliases: route53.RecordAliasArray{
			route53.RecordAliasArgs{Name: made.DnsName, ZoneId: made.ZoneId, EvaluateTargetHealth: pulumi.Bool(true)},
		},
		LatencyRoutingPolicies: route53.RecordLatencyRoutingPolicyArray{
			route53.RecordLatencyRoutingPolicyArgs{Region: pulumi.String(s.spec.Region)},
		},
	}, s.opts()...)
	return err
}

// balancerRules declares who may connect to the load balancer, and lets it
// alone, beside the spec's ingress rules, reach the nodes.
func balancerRules(s *stack, spec aegis.LoadBalancerSpec, network NetworkOutputs) (*ec2.SecurityGroup, error) {
	door, err := ec2.NewSecurityGroup(s.ctx, balancer, &ec2.SecurityGroupArgs{
		Name: pulumi.String(s.local(balancer)), Description: pulumi.String("Load balancer"), VpcId: pulumi.String(network.VPCID),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	for _, cidr := range spec.ClientCIDRs {
		name := balancer + "-https-" + strings.NewReplacer(".", "-", "/", "-").Replace(cidr)
		if _, err := vpc.NewSecurityGroupIngressRule(s.ctx, name, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: door.ID(), IpProtocol: pulumi.String("tcp"), CidrIpv4: pulumi.String(cidr),
			FromPort: pulumi.Int(httpsPort), ToPort: pulumi.Int(httpsPort),
		}, s.opts()...); err != nil {
			return nil, err
		}
	}
	if _, err := vpc.NewSecurityGroupEgressRule(s.ctx, balancer+"-nodes", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: door.ID(), IpProtocol: pulumi.String("tcp"), ReferencedSecurityGroupId: pulumi.String(network.WorkloadSecurityGroupID),
		FromPort: pulumi.Int(spec.TargetPort), ToPort: pulumi.Int(spec.TargetPort),
	}, s.opts()...); err != nil {
		return nil, err
	}
	_, err = vpc.NewSecurityGroupIngressRule(s.ctx, "nodes-"+balancer, &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: pulumi.String(network.WorkloadSecurityGroupID), IpProtocol: pulumi.String("tcp"), ReferencedSecurityGroupId: door.ID(),
		FromPort: pulumi.Int(spec.TargetPort), ToPort: pulumi.Int(spec.TargetPort),
	}, s.opts()...)
	return door, err
}

// guard puts layer security's web ACL before the load balancer.
func guard(s *stack, spec aegis.LoadBalancerSpec, made *lb.LoadBalancer) error {
	if !spec.WebACL {
		return nil
	}
	security, err := outputsOf[WebACLOutput](s, stackID(s.spec.Environment, aegis.LayerSecurity, s.spec.Region))
	if err != nil {
		return err
	}
	_, err = wafv2.NewWebAclAssociation(s.ctx, balancer, &wafv2.WebAclAssociationArgs{
		ResourceArn: made.Arn, WebAclArn: pulumi.String(security.WebACLARN),
	}, s.opts()...)
	return err
}
