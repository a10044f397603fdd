package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// validationTTL is the time to live of the record that proves the name, in
// seconds.
const validationTTL = 300

// appCertificate declares the region's certificate for the name of the load
// balancers. The record that proves the name is the same for all certificates of an
// account: the primary region's stack makes it.
func appCertificate(s *stack, name string, zone pulumi.StringInput) error {
	record := ""
	if s.spec.Region == primaryRegion(s.spec) {
		record = "validation"
	}
	issued, err := certificate(s, "app", record, name, zone)
	if err != nil {
		return err
	}
	s.output("certificate_arn", issued.CertificateArn)
	s.output("app_name", pulumi.String(name))
	s.check("certificate issued", "aws_acm_certificate", issued.CertificateArn, map[string]string{"status": "ISSUED"})
	return nil
}

// certificate declares a certificate for a name in the zone, and the record that
// proves the name, unless record is "".
func certificate(s *stack, resource, record, name string, zone pulumi.StringInput) (*acm.CertificateValidation, error) {
	made, err := acm.NewCertificate(s.ctx, resource, &acm.CertificateArgs{
		DomainName: pulumi.String(name), ValidationMethod: pulumi.String("DNS"), KeyAlgorithm: pulumi.String("RSA_2048"),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	var proven []pulumi.Resource
	if record != "" {
		made, err := route53.NewRecord(s.ctx, record, &route53.RecordArgs{
			ZoneId: zone, Ttl: pulumi.Int(validationTTL),
			Name:    proof(made, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordName }),
			Type:    proof(made, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordType }),
			Records: pulumi.StringArray{proof(made, func(o acm.CertificateDomainValidationOption) *string { return o.ResourceRecordValue })},
		}, s.opts()...)
		if err != nil {
			return nil, err
		}
		proven = append(proven, made)
	}
	return acm.NewCertificateValidation(s.ctx, resource, &acm.CertificateValidationArgs{
		CertificateArn: made.Arn,
	}, s.opts(pulumi.DependsOn(proven))...)
}

// proof is a part of the record that proves a certificate's only name; "" on
// paper, where there is none.
func proof(made *acm.Certificate, part func(acm.CertificateDomainValidationOption) *string) pulumi.StringOutput {
	//nolint:forcetypeassert // as ApplyT promises
	return made.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) string {
		if len(options) == 0 || part(options[0]) == nil {
			return ""
		}
		return *part(options[0])
	}).(pulumi.StringOutput)
}
