package front

import (
	"context"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

func podIdentityActs() map[string]act {
	return map[string]act{
		"DescribePodIdentityAssociation": describePodIdentity, "ListPodIdentityAssociations": listPodIdentities,
		"DeletePodIdentityAssociation": deletePodIdentity,
	}
}

// podIdentity gives a role to a service account.
type podIdentity struct {
	id, arn, cluster, namespace, account, role string
	plain                                      bool
	created, modified                          time.Time
}

type podIdentityRequest struct {
	Namespace, ServiceAccount, TargetRoleArn string
	RoleARN                                  string            `json:"roleArn"`
	Plain                                    *bool             `json:"disableSessionTags"`
	Tags                                     map[string]string `json:"tags"`
}

// lookForPodRole finds that EKS Pod Identity may assume the role.
func lookForPodRole(ctx context.Context, f *Front, c wire.Call) (facts, error) {
	var in podIdentityRequest
	if err := readJSON(c, &in); err != nil || in.RoleARN == "" {
		return nil, err
	}
	return nil, f.roleTrusts(ctx, in.RoleARN, "pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
}

func createPodIdentity(s *stores, m moment, c wire.Call) (any, error) {
	var in podIdentityRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	k, err := s.activeKubernetes(m, c)
	switch {
	case err != nil:
		return nil, err
	case in.Namespace == "" || in.ServiceAccount == "" || in.RoleARN == "":
		return nil, kubernetesInvalid("Namespace, service account and role are needed.")
	case in.TargetRoleArn != "":
		return nil, kubernetesInvalid("The sandbox has no pod identities with a target role.")
	}
	for _, one := range sorted(k.identities) {
		if one.namespace == in.Namespace && one.account == in.ServiceAccount {
			return nil, kubernetesTaken("Association already exists: " + one.id)
		}
	}
	id := "a-" + m.letters(17)
	made := &podIdentity{
		id: id, arn: s.arn(c, "podidentityassociation/"+k.name+"/"+id), cluster: k.name, namespace: in.Namespace, account: in.ServiceAccount,
		role: in.RoleARN, plain: in.Plain != nil && *in.Plain, created: m.at, modified: m.at,
	}
	k.identities[id] = made
	s.tags.set(made.arn, in.Tags)
	return map[string]any{"association": s.describePodIdentity(made)}, nil
}

// podIdentity is the one that the call's path names.
func (s *stores) podIdentity(m moment, c wire.Call) (*kubernetesCluster, *podIdentity, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, nil, err
	}
	one := k.identities[pathArg(c, "pod-identity-associations")]
	if one == nil {
		return k, nil, kubernetesMissing("The specified association ID could not be found: " + pathArg(c, "pod-identity-associations"))
	}
	return k, one, nil
}

func (s *stores) describePodIdentity(one *podIdentity) map[string]any {
	return map[string]any{
		"clusterName": one.cluster, "namespace": one.namespace, "serviceAccount": one.account, "roleArn": one.role, "associationArn": one.arn,
		"associationId": one.id, "tags": s.tags[one.arn], "createdAt": unix(one.created), "modifiedAt": unix(one.modified),
		"disableSessionTags": one.plain,
	}
}

func describePodIdentity(s *stores, m moment, c wire.Call) (any, error) {
	_, one, err := s.podIdentity(m, c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"association": s.describePodIdentity(one)}, nil
}

func listPodIdentities(s *stores, m moment, c wire.Call) (any, error) {
	k, err := s.kubernetes(m, c)
	if err != nil {
		return nil, err
	}
	list, query := []any{}, c.URL.Query()
	for _, one := range sorted(k.identities) {
		if asked := query.Get("namespace"); asked != "" && asked != one.namespace {
			continue
		}
		if asked := query.Get("serviceAccount"); asked != "" && asked != one.account {
			continue
		}
		list = append(list, map[string]string{
			"clusterName": one.cluster, "namespace": one.namespace, "serviceAccount": one.account, "associationArn": one.arn, "associationId": one.id,
		})
	}
	return map[string]any{"associations": list}, nil
}

func updatePodIdentity(s *stores, m moment, c wire.Call) (any, error) {
	var in podIdentityRequest
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	_, one, err := s.podIdentity(m, c)
	if err != nil {
		return nil, err
	}
	if in.RoleARN != "" {
		one.role = in.RoleARN
	}
	if in.Plain != nil {
		one.plain = *in.Plain
	}
	one.modified = m.at
	return map[string]any{"association": s.describePodIdentity(one)}, nil
}

func deletePodIdentity(s *stores, m moment, c wire.Call) (any, error) {
	k, one, err := s.podIdentity(m, c)
	if err != nil {
		return nil, err
	}
	told := s.describePodIdentity(one)
	delete(k.identities, one.id)
	delete(s.tags, one.arn)
	return map[string]any{"association": told}, nil
}
