package stacks

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// storesPolicy is the name of the policy with which the control plane uses its
// stores.
const storesPolicy = "stores"

// stores declares the policy with which the control plane uses its stores in this
// region; nil without any. A role that is not the estate's own gets it from
// whoever makes that. A Redis takes a password and no role, so it needs no right.
func stores(s *stack, spec *aegis.StoresSpec, dataKey *kms.Key) (*iam.Policy, error) {
	if spec == nil {
		return nil, nil //nolint:nilnil // no policy
	}
	policy, err := iam.NewPolicy(s.ctx, storesPolicy, &iam.PolicyArgs{
		Name:        pulumi.String(s.inAccount(storesPolicy)),
		Description: pulumi.String("What the control plane of " + s.spec.Environment + " may do in its stores in " + s.spec.Region),
		Policy: dataKey.Arn.ApplyT(func(key string) (string, error) {
			return storesDocument(s, spec, key).json()
		}),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	s.output("stores_policy_arn", policy.Arn)
	return policy, nil
}

// useStores gives the policy to the role of the control plane's pods, where there
// are both.
func useStores(s *stack, policy *iam.Policy, role *iam.Role) error {
	if policy == nil || role == nil {
		return nil
	}
	_, err := iam.NewRolePolicyAttachment(s.ctx, aegis.ControlPlaneRole+"-"+storesPolicy, &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: policy.Arn,
	}, s.opts()...)
	return err
}

// storesDocument allows the calls that the control plane makes, and no other.
func storesDocument(s *stack, spec *aegis.StoresSpec, keyARN string) document {
	var policy document
	var encrypted []string // the services that use the data key
	if spec.Bucket != "" {
		bucket := "arn:aws:s3:::" + bucketName(s.spec.Environment, spec.Bucket, s.account, s.spec.Region)
		below := strings.TrimPrefix(spec.Prefix+"/*", "/")
		policy = append(policy,
			statement{Sid: "Artifacts", Effect: "Allow", Action: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, Resource: []string{bucket + "/" + below}},
			statement{
				Sid: "ListArtifacts", Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{bucket},
				Condition: condition{"StringLike": {"s3:prefix": below}},
			})
		encrypted = append(encrypted, "s3."+s.spec.Region+".amazonaws.com")
	}
	if spec.Stream != "" {
		policy = append(policy, statement{
			Sid: "Events", Effect: "Allow", Action: []string{"kinesis:PutRecords"}, Resource: []string{s.arn("kinesis", "stream/"+s.local(spec.Stream))},
		})
		encrypted = append(encrypted, "kinesis."+s.spec.Region+".amazonaws.com")
	}
	if len(encrypted) > 0 {
		policy = append(policy, statement{
			Sid: "DataKey", Effect: "Allow", Action: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: []string{keyARN},
			Condition: condition{"StringEquals": {"kms:ViaService": encrypted}},
		})
	}
	if spec.SearchDomain == "" {
		return policy
	}
	domain, indices := s.arn("es", "domain/"+s.local(spec.SearchDomain)), "aegis."+s.spec.Environment+".*"
	return append(policy,
		statement{Sid: "Index", Effect: "Allow", Action: []string{"es:ESHttpPost"}, Resource: []string{domain + "/" + indices + "/_bulk"}},
		statement{Sid: "Templates", Effect: "Allow", Action: []string{"es:ESHttpPut"}, Resource: []string{domain + "/_index_template/" + indices}},
		statement{Sid: "OldIndices", Effect: "Allow", Action: []string{"es:ESHttpGet"}, Resource: []string{domain + "/_cat/indices/" + indices}},
		statement{Sid: "RemoveOld", Effect: "Allow", Action: []string{"es:ESHttpDelete"}, Resource: []string{domain + "/" + indices}},
	)
}
