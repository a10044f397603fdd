package cloud

import (
	"fmt"

	"github.com/opensearch-project/opensearch-go/v4/signer"
	"github.com/opensearch-project/opensearch-go/v4/signer/awsv2"
)

// SearchSigner signs requests to OpenSearch domains of a region, as the base
// identity.
func (c *Cloud) SearchSigner(region string) (signer.Signer, error) {
	cfg := c.base.Copy()
	cfg.Region = region
	signs, err := awsv2.NewSigner(cfg)
	if err != nil {
		return nil, fmt.Errorf("sign for OpenSearch: %w", err)
	}
	return signs, nil
}
