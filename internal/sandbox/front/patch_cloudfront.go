package front

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// cloudFrontSpace is the namespace of CloudFront's documents.
const cloudFrontSpace = `xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"`

// cloudFrontPatches serve CloudFront distributions, whose configuration the
// emulator keeps in part only. Nothing is delivered.
func cloudFrontPatches() []patch {
	return acts("cloudfront", map[string]act{
		"CreateDistribution": createDistribution, "GetDistribution": getDistribution, "GetDistributionConfig": getDistributionConfig,
		"UpdateDistribution": updateDistribution, "DeleteDistribution": deleteDistribution, "ListDistributions": listDistributions,
	}, distributionTagging().acts())
}

// distribution is one of CloudFront's; config is its configuration as it was
// sent.
type distribution struct {
	phase

	id, arn, etag string
	config        distributionConfig
}

// distributionConfig is what of a configuration must be understood; Inner is all
// of it.
type distributionConfig struct {
	Inner           string   `xml:",innerxml"`
	CallerReference string   `xml:"CallerReference"`
	Aliases         []string `xml:"Aliases>Items>CNAME"`
	Origins         []origin `xml:"Origins>Items>Origin"`
	TargetOrigin    string   `xml:"DefaultCacheBehavior>TargetOriginId"`
	Enabled         bool     `xml:"Enabled"`
	WebACL          string   `xml:"WebACLId"`
	Certificate     string   `xml:"ViewerCertificate>ACMCertificateArn"`
}

type origin struct {
	ID         string `xml:"Id"`
	DomainName string `xml:"DomainName"`
}

// restTags are tags as CloudFront writes them.
type restTags struct {
	Items []struct {
		Key   string `xml:"Key"`
		Value string `xml:"Value"`
	} `xml:"Items>Tag"`
}

func (t restTags) table() map[string]string {
	tags := map[string]string{}
	for _, tag := range t.Items {
		tags[tag.Key] = tag.Value
	}
	return tags
}

func createDistribution(s *stores, m moment, c wire.Call) (any, error) {
	var in struct {
		XMLName xml.Name
		Config  distributionConfig `xml:"DistributionConfig"`
		Tags    restTags           `xml:"Tags"`
	}
	if err := readXML(c, &in); err != nil {
		return nil, err
	}
	if in.XMLName.Local == "DistributionConfig" {
		if err := readXML(c, &in.Config); err != nil {
			return nil, err
		}
	}
	if err := s.checkDistribution("", in.Config); err != nil {
		return nil, err
	}
	if err := in.Config.complete(); err != nil {
		return nil, err
	}
	id := distributionID(m)
	d := &distribution{phase: begun(m, "InProgress"), id: id, arn: "arn:aws:cloudfront::" + s.account + ":distribution/" + id, config: in.Config}
	d.etag = distributionID(m)
	s.distributions[id] = d
	s.tags.set(d.arn, in.Tags.table())
	return d.document(m, http.StatusCreated), nil
}

// distributionID is what CloudFront's ids and versions look like.
func distributionID(m moment) string { return "E" + strings.ToUpper(m.letters(13)) }

func readXML(c wire.Call, into any) error {
	if err := xml.Unmarshal(c.Body, into); err != nil {
		return apiError("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema.")
	}
	return nil
}

// complete adds what CloudFront does where nothing is said.
func (c *distributionConfig) complete() error {
	const none = "<Quantity>0</Quantity>"
	there := map[string]bool{}
	var elements struct {
		All []struct{ XMLName xml.Name } `xml:",any"`
	}
	if err := xml.Unmarshal([]byte("<DistributionConfig>"+c.Inner+"</DistributionConfig>"), &elements); err != nil {
		return fmt.Errorf("read the configuration of a distribution: %w", err)
	}
	for _, element := range elements.All {
		there[element.XMLName.Local] = true
	}
	for _, usual := range [][2]string{
		{"Aliases", none},
		{"CacheBehaviors", none},
		{"CustomErrorResponses", none},
		{"OriginGroups", none},
		{"DefaultRootObject", ""},
		{"Logging", "<Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket></Bucket><Prefix></Prefix>"},
		{"PriceClass", "PriceClass_All"},
		{"HttpVersion", "http2"},
		{"IsIPV6Enabled", "false"},
		{"WebACLId", ""},
		{"Staging", "false"},
		{"Restrictions", "<GeoRestriction><RestrictionType>none</RestrictionType>" + none + "</GeoRestriction>"},
		{"ViewerCertificate", "<CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate><MinimumProtocolVersion>TLSv1</MinimumProtocolVersion>"},
	} {
		if name := usual[0]; !there[name] {
			c.Inner += "<" + name + ">" + usual[1] + "</" + name + ">"
		}
	}
	return nil
}

// checkDistribution refuses what CloudFront refuses, for a new distribution or
// that of an id.
func (s *stores) checkDistribution(id string, config distributionConfig) error {
	invalid := func(code, message string) error { return apiError(code, http.StatusBadRequest, message) }
	origins := map[string]bool{}
	for _, o := range config.Origins {
		origins[o.ID] = true
	}
	switch {
	case config.CallerReference == "" || len(config.Origins) == 0:
		return invalid("InvalidArgument", "The distribution must have a caller reference and at least one origin.")
	case !origins[config.TargetOrigin]:
		return invalid("NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
	case len(config.Aliases) > 0 && config.Certificate == "":
		return invalid("InvalidViewerCertificate", "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.")
	case config.Certificate != "" && !strings.HasPrefix(config.Certificate, "arn:aws:acm:us-east-1:"):
		return invalid("InvalidViewerCertificate", "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
	case config.WebACL != "" && !strings.Contains(config.WebACL, ":global/webacl/"):
		return invalid("InvalidWebACLId", "The web ACL's scope must be CLOUDFRONT: "+config.WebACL)
	}
	for _, other := range s.distributions {
		if other.id == id {
			continue
		}
		if other.config.CallerReference == config.CallerReference {
			return apiError("DistributionAlreadyExists", http.StatusConflict, "The caller reference that you are using to create a distribution is associated with another distribution: "+other.id)
		}
		for _, alias := range config.Aliases {
			if slices.Contains(other.config.Aliases, alias) {
				return apiError("CNAMEAlreadyExists", http.StatusConflict, "One or more of the CNAMEs you provided are already associated with a different resource.")
			}
		}
	}
	return nil
}

// distribution is the one that the call's path names.
func (s *stores) distribution(c wire.Call) (*distribution, error) {
	d := s.distributions[pathArg(c, "distribution")]
	if d == nil {
		return nil, apiError("NoSuchDistribution", http.StatusNotFound, "The specified distribution does not exist.")
	}
	return d, nil
}

// held is the distribution, if the call knows its newest version.
func (s *stores) held(c wire.Call) (*distribution, error) {
	d, err := s.distribution(c)
	switch {
	case err != nil:
		return nil, err
	case c.Header.Get("If-Match") == "":
		return nil, apiError("InvalidIfMatchVersion", http.StatusBadRequest, "The If-Match version is missing or not valid for the resource.")
	case c.Header.Get("If-Match") != d.etag:
		return nil, apiError("PreconditionFailed", http.StatusPreconditionFailed, "The request failed because it didn't meet the preconditions in one or more request-header fields.")
	}
	return d, nil
}

func getDistribution(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.distribution(c)
	if err != nil {
		return nil, err
	}
	return d.document(m, http.StatusOK), nil
}

func getDistributionConfig(s *stores, _ moment, c wire.Call) (any, error) {
	d, err := s.distribution(c)
	if err != nil {
		return nil, err
	}
	return document{
		status: http.StatusOK, header: map[string]string{"Etag": d.etag},
		body: "<DistributionConfig " + cloudFrontSpace + ">" + d.config.Inner + "</DistributionConfig>",
	}, nil
}

func updateDistribution(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.held(c)
	if err != nil {
		return nil, err
	}
	var config distributionConfig
	if err := readXML(c, &config); err != nil {
		return nil, err
	}
	if config.CallerReference != d.config.CallerReference {
		return nil, apiError("IllegalUpdate", http.StatusBadRequest, "The update contains modifications that are not allowed.")
	}
	if err := s.checkDistribution(d.id, config); err != nil {
		return nil, err
	}
	if err := config.complete(); err != nil {
		return nil, err
	}
	d.config, d.etag = config, distributionID(m)
	d.change(m, "InProgress")
	return d.document(m, http.StatusOK), nil
}

func deleteDistribution(s *stores, m moment, c wire.Call) (any, error) {
	d, err := s.held(c)
	if err != nil {
		return nil, err
	}
	if d.config.Enabled || d.busy(m) {
		return nil, apiError("DistributionNotDisabled", http.StatusConflict, "The distribution you are trying to delete has not been disabled.")
	}
	delete(s.distributions, d.id)
	delete(s.tags, d.arn)
	return document{status: http.StatusNoContent}, nil
}

func listDistributions(s *stores, m moment, _ wire.Call) (any, error) {
	var items strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.distributions)) {
		d := s.distributions[id]
		items.WriteString("<DistributionSummary>" + d.facts(m) + d.config.Inner + "</DistributionSummary>")
	}
	return document{status: http.StatusOK, body: fmt.Sprintf(
		"<DistributionList %s><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>%d</Quantity><Items>%s</Items></DistributionList>",
		cloudFrontSpace, len(s.distributions), items.String())}, nil
}

// facts are what a distribution has beside its configuration.
func (d *distribution) facts(m moment) string {
	return fmt.Sprintf("<Id>%s</Id><ARN>%s</ARN><Status>%s</Status><LastModifiedTime>%s</LastModifiedTime><DomainName>%s.cloudfront.net</DomainName>",
		d.id, d.arn, d.status(m, "Deployed"), d.ready.Add(-settleTime).UTC().Format(time.RFC3339), strings.ToLower(d.id))
}

func (d *distribution) document(m moment, status int) document {
	const none = "<Enabled>false</Enabled><Quantity>0</Quantity>"
	return document{
		status: status,
		header: map[string]string{"Etag": d.etag, "Location": "https://cloudfront.amazonaws.com/2020-05-31/distribution/" + d.id},
		body: "<Distribution " + cloudFrontSpace + ">" + d.facts(m) + "<InProgressInvalidationBatches>0</InProgressInvalidationBatches>" +
			"<ActiveTrustedSigners>" + none + "</ActiveTrustedSigners><ActiveTrustedKeyGroups>" + none + "</ActiveTrustedKeyGroups>" +
			"<DistributionConfig>" + d.config.Inner + "</DistributionConfig></Distribution>",
	}
}

func distributionTagging() tagging {
	return tagging{
		list: "ListTagsForResource", tag: "TagResource", untag: "UntagResource",
		missing: func(arn string) error {
			return apiError("NoSuchResource", http.StatusNotFound, "A resource that was specified is not valid: "+arn)
		},
		read: func(c wire.Call) (tagRequest, error) {
			in := struct {
				restTags

				Keys []string `xml:"Items>Key"`
			}{}
			if c.ReadOnly() {
				return tagRequest{arn: c.URL.Query().Get("Resource")}, nil
			}
			err := readXML(c, &in)
			return tagRequest{arn: c.URL.Query().Get("Resource"), tags: in.table(), keys: in.Keys}, err
		},
		listed: func(tags map[string]string) any {
			var items strings.Builder
			for _, key := range slices.Sorted(maps.Keys(tags)) {
				fmt.Fprintf(&items, "<Tag><Key>%s</Key><Value>%s</Value></Tag>", wire.EscapeXML(key), wire.EscapeXML(tags[key]))
			}
			return document{status: http.StatusOK, body: "<Tags " + cloudFrontSpace + "><Items>" + items.String() + "</Items></Tags>"}
		},
		changed: func(map[string]string) any { return document{status: http.StatusNoContent} },
	}
}
