package agent

import (
	"fmt"

	aegis "github.com/aegisworld/aegis"
)

// imageIntents are about ECR repositories.
func imageIntents() []intent {
	return []intent{runtimeAddRepository(), runtimeKeepImages(), runtimeUntagged()}
}

const (
	keepImages   = 100
	untaggedDays = 7
)

func repositoriesOf(s *aegis.RuntimeSpec) map[string]aegis.RepositorySpec { return s.Repositories }

func repositoryShapes(phrasings ...string) []string {
	return thingShapes("ecr|image|container|docker", "repository|repo|registry", "repositories", phrasings...)
}

func runtimeAddRepository() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.add_repository", Layer: aegis.LayerRuntime,
			Summary:  "Add a repository for container images that keeps the newest 100, or as many as are said, and untagged ones for a week.",
			Examples: []string{"add repository checkout", "create an ecr repository named checkout that keeps 50 images in eu-west-1"},
		},
		phrasings: []string{
			"@add [new] [ecr|image|container|docker] repository|repo|registry [named|called|for] <name:fresh> [that|which keeps <n:count> images]",
			"@add [new] <name:fresh> [ecr|image|container|docker] repository|repo|registry [that|which keeps <n:count> images]",
		},
		read: func(a args) (edit, error) {
			r := aegis.RepositorySpec{KeepImages: a.orElse("n", keepImages), UntaggedDays: untaggedDays}
			return edit{
				summary: fmt.Sprintf("add repository %s that keeps %s", a.text("name"), plural(r.KeepImages, "image")),
				apply:   adding("a repository", a.text("name"), func(s *aegis.RuntimeSpec) *map[string]aegis.RepositorySpec { return &s.Repositories }, r),
			}, nil
		},
	}
}

func runtimeKeepImages() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.keep_images", Layer: aegis.LayerRuntime,
			Summary:  "Set how many tagged images a repository keeps, the newest.",
			Examples: []string{"keep 50 images in repository checkout", "keep the newest 20 images in all repositories"},
		},
		phrasings: repositoryShapes("@keep [newest|last|latest] <n:count> images in|of %s", "@keep <n:count> newest|last|latest images in|of %s"),
		read: func(a args) (edit, error) {
			return edit{
				summary: fmt.Sprintf("keep %s in %s", plural(a.count("n"), "image"), thingWords(a, "repository", "repositories")), deletes: true,
				apply: onThings(a, "repository", repositoriesOf, func(r *aegis.RepositorySpec) error {
					r.KeepImages = a.count("n")
					return nil
				}),
			}, nil
		},
	}
}

func runtimeUntagged() intent {
	return intent{
		Intent: Intent{
			Name: "runtime.untagged_images", Layer: aegis.LayerRuntime,
			Summary:  "Set how long a repository keeps images without a tag.",
			Examples: []string{"keep untagged images in repository checkout for 3 days", "delete untagged images in all repositories after 14 days"},
		},
		phrasings: repositoryShapes("@keep untagged images in|of %s for <d:duration>", "@remove|expire untagged images in|of|from %s after <d:duration>"),
		read: func(a args) (edit, error) {
			n, err := wholeDays(a.duration())
			return edit{
				summary: fmt.Sprintf("keep untagged images in %s for %s", thingWords(a, "repository", "repositories"), plural(n, "day")),
				apply: onThings(a, "repository", repositoriesOf, func(r *aegis.RepositorySpec) error {
					r.UntaggedDays = n
					return nil
				}),
			}, err
		},
	}
}
