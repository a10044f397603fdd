package front

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// askJSON is a call of the front's own in the JSON protocol.
func askJSON(service, region, target string, in any) (wire.Call, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return wire.Call{}, err
	}
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Header: http.Header{
		"X-Amz-Target": {target}, "Content-Type": {"application/x-amz-json-1.1"},
	}}
	return wire.Decode(r, body, service, region), nil
}

// keyExists asks a region's emulator for a KMS key, by id, ARN or alias.
func (f *Front) keyExists(ctx context.Context, region, id string) bool {
	_, err := f.describeKey(ctx, region, id)
	return err == nil
}

// askQuery is a call of the front's own in the query protocol.
func askQuery(service, region, action, version string, parameters map[string]string) wire.Call {
	form := url.Values{"Action": {action}, "Version": {version}}
	for name, value := range parameters {
		form.Set(name, value)
	}
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"},
	}}
	return wire.Decode(r, []byte(form.Encode()), service, region)
}

// subnet is what stores know of a subnet.
type subnet struct {
	ID   string `json:"id" xml:"subnetId"`
	VPC  string `json:"vpc" xml:"vpcId"`
	Zone string `json:"zone" xml:"availabilityZone"`
}

// subnets asks a region's emulator for subnets; it fails when one is not there
// or they are of several VPCs.
func (f *Front) subnets(ctx context.Context, region string, ids []string) ([]subnet, error) {
	parameters := map[string]string{}
	for i, id := range ids {
		parameters["SubnetId."+strconv.Itoa(i+1)] = id
	}
	resp, err := f.perform(ctx, askQuery("ec2", region, "DescribeSubnets", "2016-11-15", parameters))
	if err != nil {
		return nil, err
	}
	var found struct {
		Subnets []subnet `xml:"subnetSet>item"`
	}
	if resp.Status != http.StatusOK || xml.Unmarshal(resp.Body, &found) != nil || len(ids) == 0 {
		return nil, apiError("InvalidSubnet", http.StatusBadRequest, "One or more of the subnets do not exist.")
	}
	for _, one := range found.Subnets {
		if one.VPC != found.Subnets[0].VPC {
			return nil, apiError("InvalidSubnet", http.StatusBadRequest, "The subnets are of different VPCs.")
		}
	}
	return found.Subnets, nil
}

// lookForSubnets keeps as a fact what the call's subnets are.
func lookForSubnets(list string) func(context.Context, *Front, wire.Call) (facts, error) {
	return func(ctx context.Context, f *Front, c wire.Call) (facts, error) {
		found, err := f.subnets(ctx, c.Region, listParameter(c, list))
		if err != nil {
			return nil, err
		}
		return subnetFacts(found)
	}
}

func subnetFacts(found []subnet) (facts, error) {
	text, err := json.Marshal(found)
	return facts{"subnets": string(text)}, err
}

// subnets are the ones that lookForSubnets found.
func (m moment) subnets() []subnet {
	var found []subnet
	_ = json.Unmarshal([]byte(m.facts["subnets"]), &found) // the front's own text
	return found
}
