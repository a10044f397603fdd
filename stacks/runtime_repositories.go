package stacks

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// repositories declares the region's ECR repositories and the copies of their
// images in other regions.
func repositories(s *stack, params aegis.RuntimeSpec, keyARN string) error {
	urls := pulumi.StringMap{}
	for _, name := range sortedKeys(params.Repositories) {
		repository, err := repository(s, name, keyARN, params.Repositories[name])
		if err != nil {
			return err
		}
		urls[name] = repository.RepositoryUrl
	}
	if len(urls) > 0 {
		s.output("repository_urls", urls)
	}
	if len(params.ReplicateImagesTo) == 0 {
		return nil
	}
	destinations := ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArray{}
	for _, region := range params.ReplicateImagesTo {
		destinations = append(destinations, ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs{
			Region: pulumi.String(region), RegistryId: pulumi.String(s.account),
		})
	}
	_, err := ecr.NewReplicationConfiguration(s.ctx, "images", &ecr.ReplicationConfigurationArgs{
		ReplicationConfiguration: ecr.ReplicationConfigurationReplicationConfigurationArgs{
			Rules: ecr.ReplicationConfigurationReplicationConfigurationRuleArray{
				ecr.ReplicationConfigurationReplicationConfigurationRuleArgs{
					Destinations: destinations,
					RepositoryFilters: ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArray{
						ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs{
							Filter: pulumi.String(s.repositoryName("")), FilterType: pulumi.String("PREFIX_MATCH"),
						},
					},
				},
			},
		},
	}, s.opts()...)
	return err
}

func (s *stack) repositoryName(name string) string { return "aegis/" + s.spec.Environment + "/" + name }

// repository declares an encrypted repository whose tags never move and whose
// images are scanned when they are pushed.
func repository(s *stack, name, keyARN string, spec aegis.RepositorySpec) (*ecr.Repository, error) {
	repository, err := ecr.NewRepository(s.ctx, name, &ecr.RepositoryArgs{
		Name: pulumi.String(s.repositoryName(name)), ImageTagMutability: pulumi.String("IMMUTABLE"),
		EncryptionConfigurations: ecr.RepositoryEncryptionConfigurationArray{
			ecr.RepositoryEncryptionConfigurationArgs{EncryptionType: pulumi.String("KMS"), KmsKey: pulumi.String(keyARN)},
		},
		ImageScanningConfiguration: ecr.RepositoryImageScanningConfigurationArgs{ScanOnPush: pulumi.Bool(true)},
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	policy, err := imageLifecycle(spec)
	if err != nil {
		return nil, err
	}
	_, err = ecr.NewLifecyclePolicy(s.ctx, name, &ecr.LifecyclePolicyArgs{
		Repository: repository.Name, Policy: pulumi.String(policy),
	}, s.opts(pulumi.DeleteBeforeReplace(true))...) // a repository has one: the old one's end would be the new one's
	return repository, err
}

// imageLifecycle is the policy, in ECR's language, that expires images.
func imageLifecycle(spec aegis.RepositorySpec) (string, error) {
	rule := func(priority int, description string, selection map[string]any) map[string]any {
		return map[string]any{
			"rulePriority": priority, "description": description, "selection": selection, "action": map[string]string{"type": "expire"},
		}
	}
	text, err := json.Marshal(map[string]any{"rules": []any{
		rule(1, "Expire images without a tag", map[string]any{
			"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": spec.UntaggedDays,
		}),
		rule(2, "Keep the newest images", map[string]any{
			"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": spec.KeepImages,
		}),
	}})
	if err != nil {
		return "", fmt.Errorf("encode lifecycle policy: %w", err)
	}
	return string(text), nil
}
