package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/aegisworld/aegis"
)

// findCertificate looks by name and tags: a name may have several.
func findCertificate(ctx context.Context, c clients, lookup aegis.Lookup) (string, error) {
	pages := acm.NewListCertificatesPaginator(c.acm(), &acm.ListCertificatesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, one := range page.CertificateSummaryList {
			if aws.ToString(one.DomainName) != input(lookup, "domain_name") {
				continue
			}
			listed, err := c.acm().ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: one.CertificateArn})
			if err != nil {
				return "", err
			}
			if ours(tagMap(listed.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value }), lookup) {
				return aws.ToString(one.CertificateArn), nil
			}
		}
	}
	return "", nil
}

// describeCertificate tells status, of a certificate by its ARN.
func describeCertificate(ctx context.Context, c clients, id string) (map[string]string, error) {
	found, err := c.acm().DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &id})
	if err != nil {
		return nil, err
	}
	if found.Certificate == nil {
		return nil, fmt.Errorf("certificate %s: %w", id, aegis.ErrNotFound)
	}
	return map[string]string{"status": string(found.Certificate.Status)}, nil
}
