package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// edge declares a region's part of the zone that the primary region's stack owns:
// its public address with a health check and a latency record, or a certificate.
func edge(s *stack, params aegis.EdgeSpec) error {
	zone, err := zoneID(s, params.Domain)
	if err != nil {
		return err
	}
	if params.Peered {
		if err := acceptPeers(s); err != nil {
			return err
		}
	}
	if err := replicateBuckets(s, params.ReplicatedBuckets); err != nil {
		return err
	}
	s.output("zone_id", zone)
	s.check("zone exists", "aws_route53_zone", zone, nil)
	if !params.Balanced {
		return publicAddress(s, params, zone)
	}
	if err := appCertificate(s, appName(params), zone); err != nil {
		return err
	}
	if params.Distribution != nil && s.spec.Region == distributionRegion {
		return distribute(s, params, *params.Distribution, zone)
	}
	return nil
}

// appName is the name by which clients find the estate.
func appName(params aegis.EdgeSpec) string { return "app." + params.Domain }

// publicAddress declares the region's own way in.
func publicAddress(s *stack, params aegis.EdgeSpec, zone pulumi.StringInput) error {
	address, err := ec2.NewEip(s.ctx, "ingress", &ec2.EipArgs{Domain: pulumi.String("vpc")}, s.opts()...)
	if err != nil {
		return err
	}
	s.output("ingress_ip", address.PublicIp)
	health, err := healthCheck(s, address, params.HealthCheck)
	if err != nil {
		return err
	}
	s.output("health_check_id", health.ID())
	_, err = route53.NewRecord(s.ctx, "app", &route53.RecordArgs{
		ZoneId:        zone,
		Name:          pulumi.String(appName(params)),
		Type:          pulumi.String("A"),
		Ttl:           pulumi.Int(params.RecordTTLSeconds),
		Records:       pulumi.StringArray{address.PublicIp},
		SetIdentifier: pulumi.String(s.spec.Region),
		HealthCheckId: health.ID(),
		LatencyRoutingPolicies: route53.RecordLatencyRoutingPolicyArray{
			route53.RecordLatencyRoutingPolicyArgs{Region: pulumi.String(s.spec.Region)},
		},
	}, s.opts()...)
	return err
}

// zoneID declares the zone when this is the primary region, and else reads
// its id from the primary region's stack.
func zoneID(s *stack, domain string) (pulumi.StringInput, error) {
	primary := primaryRegion(s.spec)
	if s.spec.Region != primary {
		edge, err := outputsOf[EdgeOutputs](s, stackID(s.spec.Environment, aegis.LayerEdge, primary))
		return pulumi.String(edge.ZoneID), err
	}
	zone, err := route53.NewZone(s.ctx, "main", &route53.ZoneArgs{
		Name:    pulumi.String(domain),
		Comment: pulumi.String("Estate " + s.spec.Environment),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	return zone.ZoneId, nil
}

func healthCheck(s *stack, address *ec2.Eip, spec aegis.HealthCheckSpec) (*route53.HealthCheck, error) {
	return route53.NewHealthCheck(s.ctx, "ingress", &route53.HealthCheckArgs{
		Type:             pulumi.String("HTTPS"),
		IpAddress:        address.PublicIp,
		Port:             pulumi.Int(spec.Port),
		ResourcePath:     pulumi.String(spec.Path),
		RequestInterval:  pulumi.Int(spec.IntervalSeconds),
		FailureThreshold: pulumi.Int(spec.FailureThreshold),
	}, s.opts()...)
}

// primaryRegion owns what the estate has once. It is the first of the spec's
// regions, or the stack's own when they are not given.
func primaryRegion(spec aegis.Spec) string {
	if len(spec.Regions) == 0 {
		return spec.Region
	}
	return spec.Regions[0]
}
