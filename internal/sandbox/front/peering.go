package front

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// Headers by which the front tells an emulator of what another one has; see
// emulator/peering.py. Callers can't send them.
const (
	ownHeaders    = "X-Aegis-"
	peerRange     = ownHeaders + "Peer-Cidr"
	requesterPart = ownHeaders + "Vpc-Cidr"
	peeringID     = ownHeaders + "Peering-Id"
)

// withoutOwn removes what only the front may say.
func withoutOwn(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, ownHeaders) {
			h.Del(name)
		}
	}
}

// abroad is the region of the VPC that the call wants to peer with, when it is
// another than the call's.
func (f *Front) abroad(c wire.Call) (*region, bool) {
	if c.Service != "ec2" || c.Action != "CreateVpcPeeringConnection" {
		return nil, false
	}
	name := c.Form().Get("PeerRegion")
	return f.byName[name], name != c.Region && f.byName[name] != nil
}

// introduced is the call with the range of the VPC that it wants to peer with,
// which the emulator of the call's region does not know.
func (f *Front) introduced(ctx context.Context, c wire.Call) (wire.Call, error) {
	peer, ok := f.abroad(c)
	if !ok {
		return c, nil
	}
	cidr, err := f.rangeOf(ctx, peer.name, c.Form().Get("PeerVpcId"))
	if err == nil && cidr == "" {
		message := fmt.Sprintf("The vpc ID '%s' does not exist", c.Form().Get("PeerVpcId"))
		return c, apiError("InvalidVpcID.NotFound", http.StatusBadRequest, message)
	}
	return withHeader(c, peerRange, cidr), err
}

func withHeader(c wire.Call, name, value string) wire.Call {
	if c.Header = c.Header.Clone(); c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header.Set(name, value)
	return c
}

// rangeOf is a VPC's range; "" when there is no such VPC.
func (f *Front) rangeOf(ctx context.Context, region, vpc string) (string, error) {
	resp, err := f.byName[region].do(ctx, askQuery("ec2", region, "DescribeVpcs", "2016-11-15", map[string]string{
		"Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc,
	}))
	if err != nil {
		return "", err
	}
	var found struct {
		Ranges []string `xml:"vpcSet>item>cidrBlock"`
	}
	if err := xml.Unmarshal(resp.Body, &found); err != nil || len(found.Ranges) != 1 {
		return "", err
	}
	return found.Ranges[0], nil
}

// repeatPeering does to a connection among regions what was done to it in one,
// in the emulators of the others.
func (f *Front) repeatPeering(ctx context.Context, c wire.Call, resp wire.Response) error {
	if peer, ok := f.abroad(c); ok {
		return f.mirrorPeering(ctx, c, resp, peer)
	}
	switch c.Action {
	case "AcceptVpcPeeringConnection", "DeleteVpcPeeringConnection", "ModifyVpcPeeringConnectionOptions", "RejectVpcPeeringConnection":
	default:
		return nil
	}
	for _, name := range f.regions {
		if name == c.Region {
			continue
		}
		// An emulator that has no part in the connection refuses.
		if _, err := f.byName[name].do(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// mirrorPeering requests the connection in the emulator of the VPC that it is
// requested of.
func (f *Front) mirrorPeering(ctx context.Context, c wire.Call, resp wire.Response, peer *region) error {
	var made struct {
		ID string `xml:"vpcPeeringConnection>vpcPeeringConnectionId"`
	}
	if err := xml.Unmarshal(resp.Body, &made); err != nil {
		return fmt.Errorf("read the peering connection: %w", err)
	}
	cidr, err := f.rangeOf(ctx, c.Region, c.Form().Get("VpcId"))
	if err != nil {
		return err
	}
	mirrored, err := peer.do(ctx, withHeader(withHeader(c, requesterPart, cidr), peeringID, made.ID))
	if err == nil && mirrored.Status >= http.StatusBadRequest {
		err = fmt.Errorf("mirror peering connection %s in %s: status %d", made.ID, peer.name, mirrored.Status)
	}
	return err
}
