package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const httpsPort = 443

// searchDomains declares OpenSearch domains whose users are IAM roles.
func searchDomains(s *stack, keys SecurityOutputs, network NetworkOutputs, domains map[string]aegis.SearchSpec) error {
	if len(domains) == 0 {
		return nil
	}
	group, err := serverGroup(s, "search", network, httpsPort)
	if err != nil {
		return err
	}
	endpoints := pulumi.StringMap{}
	for _, name := range sortedKeys(domains) {
		admin := keys.WorkloadRoleARNs[domains[name].AdminRole]
		if admin == "" {
			return fmt.Errorf("layer security of the region has no workload role %q, which administers search domain %s", domains[name].AdminRole, name)
		}
		domain, err := searchDomain(s, name, keys.DataKeyARN, admin, domains[name], network, group)
		if err != nil {
			return err
		}
		endpoints[name] = domain.Endpoint
		s.check("search domain "+name+" settled", "aws_opensearch_domain", domain.DomainName, map[string]string{"processing": "false"})
	}
	s.output("search_endpoints", endpoints)
	return nil
}

func searchDomain(s *stack, name, keyARN, admin string, spec aegis.SearchSpec, network NetworkOutputs, group *ec2.SecurityGroup) (*opensearch.Domain, error) {
	zones := searchZones(spec.Nodes)
	if zones > len(network.DataSubnetIDs) {
		return nil, fmt.Errorf("search domain %s is in %d zones, and layer network has data subnets in %d", name, zones, len(network.DataSubnetIDs))
	}
	access, err := document{{
		Effect: "Allow", Principal: principal{"AWS": s.iamARN("root")}, Action: []string{"es:ESHttp*"},
		Resource: []string{s.arn("es", "domain/"+s.local(name)+"/*")},
	}}.json()
	if err != nil {
		return nil, err
	}
	return opensearch.NewDomain(s.ctx, name, &opensearch.DomainArgs{
		DomainName:     pulumi.String(s.local(name)),
		EngineVersion:  pulumi.String(spec.EngineVersion),
		AccessPolicies: pulumi.String(access),
		ClusterConfig:  searchCluster(spec, zones),
		EbsOptions: opensearch.DomainEbsOptionsArgs{
			EbsEnabled: pulumi.Bool(true), VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(spec.VolumeGiB),
		},
		EncryptAtRest:        opensearch.DomainEncryptAtRestArgs{Enabled: pulumi.Bool(true), KmsKeyId: pulumi.String(keyARN)},
		NodeToNodeEncryption: opensearch.DomainNodeToNodeEncryptionArgs{Enabled: pulumi.Bool(true)},
		DomainEndpointOptions: opensearch.DomainDomainEndpointOptionsArgs{
			EnforceHttps: pulumi.Bool(true), TlsSecurityPolicy: pulumi.String("Policy-Min-TLS-1-2-PFS-2023-10"),
		},
		AdvancedSecurityOptions: opensearch.DomainAdvancedSecurityOptionsArgs{
			Enabled: pulumi.Bool(true), InternalUserDatabaseEnabled: pulumi.Bool(false),
			MasterUserOptions: opensearch.DomainAdvancedSecurityOptionsMasterUserOptionsArgs{MasterUserArn: pulumi.String(admin)},
		},
		VpcOptions: opensearch.DomainVpcOptionsArgs{
			SubnetIds:        pulumi.ToStringArray(network.DataSubnetIDs[:zones]),
			SecurityGroupIds: pulumi.StringArray{group.ID()},
		},
	}, s.opts(s.impatient()...)...)
}

// impatient keeps the provider from sleeping for ten minutes before it looks at
// a domain for the first time: when its patience ends before, it takes what it
// finds, which in a sandbox is ready.
func (s *stack) impatient() []pulumi.ResourceOption {
	if !s.emulated {
		return nil
	}
	const patience = "15s"
	return []pulumi.ResourceOption{pulumi.Timeouts(&pulumi.CustomTimeouts{Create: patience, Update: patience, Delete: patience})}
}

// searchZones is the number of zones over which nodes spread evenly, 0 when they
// don't.
func searchZones(nodes int) int {
	switch {
	case nodes == 1:
		return 1
	case nodes%3 == 0:
		return 3
	case nodes%2 == 0:
		return 2
	default:
		return 0
	}
}

func searchCluster(spec aegis.SearchSpec, zones int) opensearch.DomainClusterConfigArgs {
	cluster := opensearch.DomainClusterConfigArgs{
		InstanceType: pulumi.String(spec.InstanceType), InstanceCount: pulumi.Int(spec.Nodes), ZoneAwarenessEnabled: pulumi.Bool(zones > 1),
	}
	if zones > 1 {
		cluster.ZoneAwarenessConfig = opensearch.DomainClusterConfigZoneAwarenessConfigArgs{AvailabilityZoneCount: pulumi.Int(zones)}
	}
	if spec.MasterNodes > 0 {
		cluster.DedicatedMasterEnabled = pulumi.Bool(true)
		cluster.DedicatedMasterCount, cluster.DedicatedMasterType = pulumi.Int(spec.MasterNodes), pulumi.String(spec.MasterType)
	}
	return cluster
}
