package front

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// securityHubPatches serve Security Hub's hubs and the standards that they are
// subscribed to. Findings are the emulator's.
func securityHubPatches() []patch {
	return acts("securityhub", map[string]act{
		"EnableSecurityHub": enableHub, "DescribeHub": describeHub, "UpdateSecurityHubConfiguration": updateHub,
		"DisableSecurityHub": disableHub, "DescribeStandards": describeStandards, "GetEnabledStandards": enabledStandards,
		"BatchEnableStandards": enableStandards, "BatchDisableStandards": disableStandards,
	}, restTagging("Tags").acts())
}

// hub is the account's in a region.
type hub struct {
	HubARN                  string `json:"HubArn"`
	SubscribedAt            string
	AutoEnableControls      bool
	ControlFindingGenerator string

	// subscriptions are by ARN.
	subscriptions map[string]*subscription
}

// subscription is to one standard.
type subscription struct {
	phase

	standard string
}

func enableHub(s *stores, m moment, c wire.Call) (any, error) {
	in := struct {
		EnableDefaultStandards  *bool
		ControlFindingGenerator string
		Tags                    map[string]string
	}{ControlFindingGenerator: "SECURITY_CONTROL"}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if s.hubs[c.Region] != nil {
		return nil, apiError("ResourceConflictException", http.StatusConflict, "Account is already subscribed to Security Hub")
	}
	h := &hub{
		HubARN: s.arn(c, "hub/default"), SubscribedAt: m.at.Format("2006-01-02T15:04:05.000Z"), AutoEnableControls: true,
		ControlFindingGenerator: in.ControlFindingGenerator, subscriptions: map[string]*subscription{},
	}
	if in.EnableDefaultStandards == nil || *in.EnableDefaultStandards {
		for _, standard := range defaultStandards(c.Region) {
			h.subscriptions[s.subscriptionARN(c, standard)] = &subscription{phase: begun(m, "PENDING"), standard: standard}
		}
	}
	s.hubs[c.Region] = h
	s.tags.set(h.HubARN, in.Tags)
	return nil, nil
}

// hub is the region's, if it has one.
func (s *stores) hub(c wire.Call) (*hub, error) {
	h := s.hubs[c.Region]
	if h == nil {
		return nil, apiError("InvalidAccessException", http.StatusUnauthorized, "Account "+s.account+" is not subscribed to AWS Security Hub")
	}
	return h, nil
}

func describeHub(s *stores, _ moment, c wire.Call) (any, error) { return s.hub(c) }

func updateHub(s *stores, _ moment, c wire.Call) (any, error) {
	h, err := s.hub(c)
	if err != nil {
		return nil, err
	}
	changed := *h
	if err := readJSON(c, &changed); err != nil {
		return nil, err
	}
	h.AutoEnableControls, h.ControlFindingGenerator = changed.AutoEnableControls, changed.ControlFindingGenerator
	return nil, nil
}

func disableHub(s *stores, _ moment, c wire.Call) (any, error) {
	h, err := s.hub(c)
	if err != nil {
		return nil, err
	}
	delete(s.hubs, c.Region)
	delete(s.tags, h.HubARN)
	return nil, nil
}

// standards are the ARNs of all, by the name that a subscription has.
func standards(region string) map[string]string {
	prefix := "arn:aws:securityhub:" + region + "::standards/"
	return map[string]string{
		"aws-foundational-security-best-practices/v/1.0.0": prefix + "aws-foundational-security-best-practices/v/1.0.0",
		"aws-resource-tagging-standard/v/1.0.0":            prefix + "aws-resource-tagging-standard/v/1.0.0",
		"cis-aws-foundations-benchmark/v/1.2.0":            "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
		"cis-aws-foundations-benchmark/v/1.4.0":            prefix + "cis-aws-foundations-benchmark/v/1.4.0",
		"cis-aws-foundations-benchmark/v/3.0.0":            prefix + "cis-aws-foundations-benchmark/v/3.0.0",
		"nist-800-53/v/5.0.0":                              prefix + "nist-800-53/v/5.0.0",
		"pci-dss/v/3.2.1":                                  prefix + "pci-dss/v/3.2.1",
		"pci-dss/v/4.0.1":                                  prefix + "pci-dss/v/4.0.1",
	}
}

func defaultStandards(region string) []string {
	all := standards(region)
	return []string{all["aws-foundational-security-best-practices/v/1.0.0"], all["cis-aws-foundations-benchmark/v/1.2.0"]}
}

func (s *stores) subscriptionARN(c wire.Call, standard string) string {
	_, name, _ := strings.Cut(standard, "/")
	return s.arn(c, "subscription/"+name)
}

func describeStandards(_ *stores, _ moment, c wire.Call) (any, error) {
	all := []map[string]any{}
	known := standards(c.Region)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, map[string]any{"StandardsArn": known[name], "Name": name, "EnabledByDefault": slices.Contains(defaultStandards(c.Region), known[name])})
	}
	return map[string]any{"Standards": all}, nil
}

func enableStandards(s *stores, m moment, c wire.Call) (any, error) {
	var in struct {
		StandardsSubscriptionRequests []struct {
			StandardsARN string `json:"StandardsArn"`
		}
	}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	h, err := s.hub(c)
	if err != nil {
		return nil, err
	}
	known := slices.Collect(maps.Values(standards(c.Region)))
	for _, asked := range in.StandardsSubscriptionRequests {
		if !slices.Contains(known, asked.StandardsARN) {
			return nil, apiError("InvalidInputException", http.StatusBadRequest, "Invalid standard ARN: "+asked.StandardsARN)
		}
	}
	var arns []string
	for _, asked := range in.StandardsSubscriptionRequests {
		arn := s.subscriptionARN(c, asked.StandardsARN)
		if !h.subscribes(m, arn) {
			h.subscriptions[arn] = &subscription{phase: begun(m, "PENDING"), standard: asked.StandardsARN}
		}
		arns = append(arns, arn)
	}
	return h.tell(m, arns), nil
}

// subscriptionsAsked are the region's hub and the subscriptions that the call
// names.
func (s *stores) subscriptionsAsked(c wire.Call) (*hub, []string, error) {
	var in struct {
		StandardsSubscriptionARNs []string `json:"StandardsSubscriptionArns"`
	}
	if err := readJSON(c, &in); err != nil {
		return nil, nil, err
	}
	h, err := s.hub(c)
	return h, in.StandardsSubscriptionARNs, err
}

func disableStandards(s *stores, m moment, c wire.Call) (any, error) {
	h, arns, err := s.subscriptionsAsked(c)
	if err != nil {
		return nil, err
	}
	for _, arn := range arns {
		if !h.subscribes(m, arn) {
			return nil, apiError("InvalidInputException", http.StatusBadRequest, "Account is not subscribed to "+arn)
		}
	}
	for _, arn := range arns {
		if one := h.subscriptions[arn]; one.deleted.IsZero() {
			one.deleted = m.at
		}
	}
	return h.tell(m, arns), nil
}

func enabledStandards(s *stores, m moment, c wire.Call) (any, error) {
	h, arns, err := s.subscriptionsAsked(c)
	if err != nil {
		return nil, err
	}
	if len(arns) == 0 {
		arns = slices.Sorted(maps.Keys(h.subscriptions))
	}
	return h.tell(m, arns), nil
}

func (h *hub) subscribes(m moment, arn string) bool {
	one := h.subscriptions[arn]
	return one != nil && !one.gone(m)
}

func (h *hub) tell(m moment, arns []string) any {
	all := []map[string]any{}
	for _, arn := range arns {
		if !h.subscribes(m, arn) {
			continue
		}
		one := h.subscriptions[arn]
		all = append(all, map[string]any{
			"StandardsArn": one.standard, "StandardsSubscriptionArn": arn, "StandardsInput": map[string]string{},
			"StandardsStatus": strings.ToUpper(one.status(m, "READY")), "StandardsControlsUpdatable": "READY_FOR_UPDATES",
		})
	}
	return map[string]any{"StandardsSubscriptions": all}
}
