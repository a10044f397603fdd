package front

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func accessActs() map[string]act {
	return map[string]act{
		"DescribeAccessEntry": describeAccessEntry, "ListAccessEntries": listAccessEntries, "UpdateAccessEntry": updateAccessEntry,
		"DeleteAccessEntry": deleteAccessEntry, "AssociateAccessPolicy": associateAccess, "DisassociateAccessPolicy": disassociateAccess,
		"ListAssociatedAccessPolicies": listAssociatedAccess, "ListAccessPolicies": listAccessPolicies,
	}
}

// accessEntry lets an IAM principal into a cluster.
type accessEntry struct {
	principal, cluster, arn, username, kind string
	groups                                  []string
	created, modified                       time.Time
	// policies are by ARN.
	policies map[string]*associatedAccess
}

type associatedAccess struct {
	ARN        string      `json:"policyArn"`
	Scope      accessScope `json:"accessScope"`
	Associated unix        `json:"associatedAt"`
	Modified   unix        `json:"modifiedAt"`
}

type accessScope struct {
	Type       string   `json:"type"`
	Namespaces []string `json:"namespaces"`
}

type accessEntryRequest struct {
	PrincipalARN string            `json:"principalArn"`
	Groups       []string          `json:"kubernetesGroups"`
	Username     string            `json:"username"`
	Type         string            `json:"type"`
	Tags         map[string]string `json:"tags"`
}

// accessPolicyPrefix is that of the ARNs of EKS's own access policies.
const accessPolicyPrefix = "arn:aws:eks::aws:cluster-access-policy/"

func accessPolicies() []string {
	return []string{
		"AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSAutoNodePolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy",
		"AmazonEKSViewPolicy",
	}
}

// lookForAccessPrincipal finds that the principal of an entry exists.
func lookForAccessPrincipal(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in accessEntryRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	read, name := f.access.role, in.PrincipalARN[strings.LastIndexByte(in.PrincipalARN, '/')+1:]
	if strings.Contains(in.PrincipalARN, ":user/") {
		read = f.access.user
	}
	found, err := read(ctx, name)
	if errors.Is(err, errNoPrincipal) || err == nil && found.arn != in.PrincipalARN {
		err = kubernetesInvalid("The specified principalArn is invalid: invalid principal.")
	}
	return nil, err
}

func createAccessEntry(s *stores, m moment, c wire.Call) (any, error) {
	var in accessEntryRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.activeKubernetes(m, c)
	switch {
	case err != nil:
		return nil, err
	case k.authentication == "CONFIG_MAP":
		return nil, apiError("InvalidRequestException", http.StatusBadRequest,
			"The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.")
	case k.entries[in.PrincipalARN] != nil:
		return nil, kubernetesTaken("The specified access entry resource is already in use on this cluster.")
	case slices.ContainsFunc(in.Groups, func(group string) bool { return strings.HasPrefix(group, "system:") }) && in.Type != "EC2_LINUX":
		return nil, kubernetesInvalid("The kubernetes group name must not start with system:")
	}
	e := s.admit(m, c, k, in)
	return map[string]any{"accessEntry": s.describeAccessEntry(e)}, nil
}

// admit adds an entry.
func (s *stores) admit(m moment, c wire.Call, k *kubernetesCluster, in accessEntryRequest) *accessEntry {
	_, path, _ := strings.Cut(in.PrincipalARN, s.account+":")
	kind, name := path, path[strings.LastIndexByte(path, '/')+1:]
	kind, _, _ = strings.Cut(kind, "/")
	username := in.PrincipalARN
	if kind == "role" {
		username = "arn:aws:sts::" + s.account + ":assumed-role/" + name + "/{{SessionName}}"
	}
	e := &accessEntry{
		principal: in.PrincipalARN, cluster: k.name, kind: cmp.Or(in.Type, "STANDARD"), username: cmp.Or(in.Username, username),
		groups: append([]string{}, in.Groups...), created: m.at, modified: m.at, policies: map[string]*associatedAccess{},
		arn: s.arn(c, strings.Join([]string{"access-entry", k.name, kind, s.account, name, m.uuid()}, "/")),
	}
	k.entries[e.principal] = e
	s.tags.set(e.arn, in.Tags)
	return e
}

// admitNodes adds the entry of a node group's role, as EKS does by itself.
func (s *stores) admitNodes(m moment, c wire.Call, k *kubernetesCluster, role string) {
	if k.authentication == "CONFIG_MAP" || k.entries[role] != nil {
		return
	}
	s.admit(m, c, k, accessEntryRequest{
		PrincipalARN: role, Type: "EC2_LINUX", Groups: []string{"system:nodes"}, Username: "system:node:{{EC2PrivateDNSName}}",
	})
}

// accessEntry is the one that the call's path names.
func (s *stores) accessEntry(m moment, c wire.Call) (*kubernetesCluster, *accessEntry, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, nil, err
	}
	e := k.entries[pathArg(c, "access-entries")]
	if e == nil {
		return k, nil, kubernetesMissing("The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.")
	}
	return k, e, nil
}

func (s *stores) describeAccessEntry(e *accessEntry) map[string]any {
	return map[string]any{
		"clusterName": e.cluster, "principalArn": e.principal, "kubernetesGroups": e.groups, "accessEntryArn": e.arn, "username": e.username,
		"type": e.kind, "createdAt": unix(e.created), "modifiedAt": unix(e.modified), "tags": s.tags[e.arn],
	}
}

func describeAccessEntry(s *stores, m moment, c wire.Call) (any, error) {
	_, e, err := s.accessEntry(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"accessEntry": s.describeAccessEntry(e)}, nil
}

func listAccessEntries(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	principals := []string{}
	of := c.URL.Query().Get("associatedPolicyArn")
	for _, e := range sorted(k.entries) {
		if of == "" || e.policies[of] != nil {
			principals = append(principals, e.principal)
		}
	}
	return map[string]any{"accessEntries": principals}, nil
}

func updateAccessEntry(s *stores, m moment, c wire.Call) (any, error) {
	in := struct {
		Groups   *[]string `json:"kubernetesGroups"`
		Username string    `json:"username"`
	}{}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	_, e, err := s.accessEntry(m, c)
	if err != nil {
		return nil, err
	}
	if in.Groups != nil {
		e.groups = *in.Groups
	}
	e.username, e.modified = cmp.Or(in.Username, e.username), m.at
	return map[string]any{"accessEntry": s.describeAccessEntry(e)}, nil
}

func deleteAccessEntry(s *stores, m moment, c wire.Call) (any, error) {
	k, e, err := s.accessEntry(m, c)
	if err != nil {
		return nil, err
	}
	delete(k.entries, e.principal)
	delete(s.tags, e.arn)
	return nil, nil
}

func associateAccess(s *stores, m moment, c wire.Call) (any, error) {
	var in associatedAccess
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, e, err := s.accessEntry(m, c)
	name, known := strings.CutPrefix(in.ARN, accessPolicyPrefix)
	switch {
	case err != nil:
		return nil, err
	case !known || !slices.Contains(accessPolicies(), name):
		return nil, kubernetesMissing("The policyArn parameter is not valid: " + in.ARN)
	case e.kind != "STANDARD":
		return nil, apiError("InvalidRequestException", http.StatusBadRequest, "Access policies are for entries of type STANDARD, not "+e.kind+".")
	case in.Scope.Type != "cluster" && (in.Scope.Type != "namespace" || len(in.Scope.Namespaces) == 0):
		return nil, kubernetesInvalid("The access scope must be the cluster or some namespaces.")
	}
	in.Associated, in.Modified, in.Scope.Namespaces = unix(m.at), unix(m.at), append([]string{}, in.Scope.Namespaces...)
	if before := e.policies[in.ARN]; before != nil {
		in.Associated = before.Associated
	}
	e.policies[in.ARN] = &in
	return map[string]any{"clusterName": k.name, "principalArn": e.principal, "associatedAccessPolicy": in}, nil
}

func disassociateAccess(s *stores, m moment, c wire.Call) (any, error) {
	_, e, err := s.accessEntry(m, c)
	if err != nil {
		return nil, err
	}
	arn := pathArg(c, "access-policies")
	if e.policies[arn] == nil {
		return nil, kubernetesMissing("The policy " + arn + " is not associated with " + e.principal)
	}
	delete(e.policies, arn)
	return nil, nil
}

func listAssociatedAccess(s *stores, m moment, c wire.Call) (any, error) {
	k, e, err := s.accessEntry(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"clusterName": k.name, "principalArn": e.principal, "associatedAccessPolicies": append([]*associatedAccess{}, sorted(e.policies)...),
	}, nil
}

func listAccessPolicies(*stores, moment, wire.Call) (any, error) {
	return map[string]any{"accessPolicies": each(accessPolicies(), func(name string) any {
		return map[string]string{"name": name, "arn": accessPolicyPrefix + name}
	})}, nil
}
