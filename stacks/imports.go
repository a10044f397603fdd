package stacks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// imports are the things that were there before the stack and that it takes over:
// ids by address. What is imported is left in the account when the stack goes, so
// that undoing an import destroys nothing.
type imports struct {
	ids   map[string]string
	taken map[string]bool
}

// importsOf reads the parameter import of a layer's parameters.
func importsOf(spec aegis.Spec) (imports, error) {
	var parameters struct {
		Import map[string]string `json:"import"`
	}
	if err := json.Unmarshal(spec.Parameters, &parameters); err != nil {
		return imports{}, aegis.Invalid("parameters", err.Error())
	}
	return imports{ids: parameters.Import, taken: map[string]bool{}}, nil
}

// id is the real thing's id, or fallback for what is made anew.
func (i imports) id(terraformType, name, fallback string) string {
	if id, ok := i.ids[Address(terraformType, name)]; ok {
		return id
	}
	return fallback
}

// taking adds to what a program declares where it takes a thing over.
func (i imports) taking(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
	terraformType, managed := TerraformType(args.Type)
	address := Address(terraformType, args.Name)
	id, imported := i.ids[address]
	if !managed || !imported {
		return nil
	}
	i.taken[address] = true
	opts := append(args.Opts, pulumi.Import(pulumi.ID(id)), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges(kept(terraformType)))
	return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: opts}
}

// kept are the properties that an imported thing keeps as they are: what AWS chose
// or took once and for all, where the stack would have made it differently.
func kept(terraformType string) []string {
	if terraformType == "aws_eks_cluster" {
		return []string{
			"accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons", "encryptionConfig",
			"kubernetesNetworkConfig", "roleArn", "vpcConfig.securityGroupIds", "vpcConfig.subnetIds",
		}
	}
	return nil
}

// check refuses addresses that the program does not have.
func (i imports) check() error {
	var unknown []string
	for _, address := range sortedKeys(i.ids) {
		if !i.taken[address] {
			unknown = append(unknown, address)
		}
	}
	if len(unknown) > 0 {
		return aegis.Invalid("parameters.import", fmt.Sprintf("the stack has no %s", strings.Join(unknown, ", ")))
	}
	return nil
}
