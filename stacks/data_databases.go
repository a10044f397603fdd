package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

const (
	postgresPort = 5432
	aurora       = "aurora-postgresql"
	masterUser   = "aegis"
)

// databases declares Aurora clusters.
func databases(s *stack, keyARN string, network NetworkOutputs, databases map[string]aegis.DatabaseSpec) error {
	if len(databases) == 0 {
		return nil
	}
	group, err := serverGroup(s, "database", network, postgresPort)
	if err != nil {
		return err
	}
	subnets, err := rds.NewSubnetGroup(s.ctx, "database", &rds.SubnetGroupArgs{
		Name: pulumi.String(s.local("database")), SubnetIds: pulumi.ToStringArray(network.DataSubnetIDs),
	}, s.opts()...)
	if err != nil {
		return err
	}
	endpoints, readers, secrets := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for _, name := range sortedKeys(databases) {
		cluster, err := database(s, name, keyARN, databases[name], group, subnets)
		if err != nil {
			return err
		}
		endpoints[name], readers[name] = cluster.Endpoint, cluster.ReaderEndpoint
		if !databases[name].Global {
			secrets[name] = cluster.MasterUserSecrets.ApplyT(firstSecret).(pulumi.StringOutput) //nolint:forcetypeassert // as ApplyT promises
		}
		s.check("database "+name+" available", "aws_rds_cluster", cluster.ClusterIdentifier, map[string]string{"status": "available"})
	}
	s.output("database_endpoints", endpoints)
	s.output("database_reader_endpoints", readers)
	s.output("database_secret_arns", secrets)
	return nil
}

// firstSecret is the ARN of a cluster's secret, "" before RDS has made it.
func firstSecret(secrets []rds.ClusterMasterUserSecret) string {
	if len(secrets) == 0 || secrets[0].SecretArn == nil {
		return ""
	}
	return *secrets[0].SecretArn
}

// writes says that this region's cluster has the master user and the password:
// it is no secondary of a global database.
func (s *stack) writes(spec aegis.DatabaseSpec) bool {
	return !spec.Global || primaryRegion(s.spec) == s.spec.Region
}

// database declares a cluster with its instances. A global database is the
// primary region's; the other regions' clusters join it by its name.
func database(s *stack, name, keyARN string, spec aegis.DatabaseSpec, group *ec2.SecurityGroup, subnets *rds.SubnetGroup) (*rds.Cluster, error) {
	parameters, err := databaseParameters(s, name, spec)
	if err != nil {
		return nil, err
	}
	args := &rds.ClusterArgs{
		ClusterIdentifier:                pulumi.String(s.local(name)),
		Engine:                           pulumi.String(aurora),
		EngineVersion:                    pulumi.String(spec.EngineVersion),
		DbSubnetGroupName:                subnets.Name,
		DbClusterParameterGroupName:      parameters.Name,
		VpcSecurityGroupIds:              pulumi.StringArray{group.ID()},
		StorageEncrypted:                 pulumi.Bool(true),
		KmsKeyId:                         pulumi.String(keyARN),
		BackupRetentionPeriod:            pulumi.Int(spec.BackupDays),
		CopyTagsToSnapshot:               pulumi.Bool(true),
		DeletionProtection:               pulumi.Bool(!spec.Deletable),
		FinalSnapshotIdentifier:          s.finalSnapshot(name),
		SkipFinalSnapshot:                pulumi.Bool(false),
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		EnabledCloudwatchLogsExports:     pulumi.StringArray{pulumi.String("postgresql")},
		ApplyImmediately:                 pulumi.Bool(true),
	}
	if s.writes(spec) {
		args.DatabaseName, args.MasterUsername = pulumi.String(spec.Database), pulumi.String(masterUser)
		setMasterPassword(s, name, args, keyARN, spec)
	}
	if spec.Global {
		if args.GlobalClusterIdentifier, err = globalDatabase(s, name, spec); err != nil {
			return nil, err
		}
	}
	// AWS says of which cluster a secondary is a replica, which changes with the
	// writer; and what was drawn is what it was when the cluster was made.
	kept := pulumi.IgnoreChanges([]string{"masterPassword", "finalSnapshotIdentifier", "replicationSourceIdentifier"})
	cluster, err := rds.NewCluster(s.ctx, name, args, s.opts(kept)...)
	if err != nil {
		return nil, err
	}
	return cluster, databaseInstances(s, name, spec, cluster)
}

// setMasterPassword has RDS keep the password, but for a global database, where
// it can't. That one begins with a password that each run draws, of which the
// first counts, and tells nobody: only the state has it, encrypted.
func setMasterPassword(s *stack, name string, args *rds.ClusterArgs, keyARN string, spec aegis.DatabaseSpec) {
	if spec.Global {
		args.MasterPassword = s.drawn("password of "+name, func(text string) string { return text })
		return
	}
	args.ManageMasterUserPassword, args.MasterUserSecretKmsKeyId = pulumi.Bool(true), pulumi.String(keyARN)
}

// finalSnapshot is the name of the snapshot that is taken when the database goes:
// another for each database that ever had the name, as snapshots stay.
func (s *stack) finalSnapshot(name string) pulumi.StringOutput {
	return s.drawn("snapshot of "+name, func(text string) string { return s.local(name) + "-final-" + strings.ToLower(text[:12]) })
}

// globalDatabase declares the global database in the primary region, and is its
// name elsewhere.
func globalDatabase(s *stack, name string, spec aegis.DatabaseSpec) (pulumi.StringInput, error) {
	if !s.writes(spec) {
		return pulumi.String(s.local(name)), nil
	}
	global, err := rds.NewGlobalCluster(s.ctx, name, &rds.GlobalClusterArgs{
		GlobalClusterIdentifier: pulumi.String(s.local(name)),
		Engine:                  pulumi.String(aurora),
		EngineVersion:           pulumi.String(spec.EngineVersion),
		StorageEncrypted:        pulumi.Bool(true),
		DeletionProtection:      pulumi.Bool(!spec.Deletable),
	}, s.opts()...)
	if err != nil {
		return nil, err
	}
	return global.ID().ToStringOutput(), nil
}

func databaseInstances(s *stack, name string, spec aegis.DatabaseSpec, cluster *rds.Cluster) error {
	for i := range spec.Instances {
		id := fmt.Sprintf("%s-%d", name, i+1)
		if _, err := rds.NewClusterInstance(s.ctx, id, &rds.ClusterInstanceArgs{
			Identifier:        pulumi.String(s.local(id)),
			ClusterIdentifier: cluster.ID(),
			Engine:            pulumi.String(aurora),
			InstanceClass:     pulumi.String(spec.InstanceClass),
			ApplyImmediately:  pulumi.Bool(true),
		}, s.opts()...); err != nil {
			return err
		}
	}
	return nil
}

// databaseParameters refuses connections without TLS, loads what counts
// statements, and allows few extensions, pgvector among them, which need not be
// loaded at the start.
func databaseParameters(s *stack, name string, spec aegis.DatabaseSpec) (*rds.ClusterParameterGroup, error) {
	parameter := func(name, value, method string) rds.ClusterParameterGroupParameterArgs {
		return rds.ClusterParameterGroupParameterArgs{Name: pulumi.String(name), Value: pulumi.String(value), ApplyMethod: pulumi.String(method)}
	}
	major, _, _ := strings.Cut(spec.EngineVersion, ".")
	return rds.NewClusterParameterGroup(s.ctx, name, &rds.ClusterParameterGroupArgs{
		Name: pulumi.String(s.local(name)), Family: pulumi.String(aurora + major),
		Parameters: rds.ClusterParameterGroupParameterArray{
			parameter("rds.allowed_extensions", "pg_stat_statements,pgcrypto,vector", "immediate"),
			parameter("rds.force_ssl", "1", "immediate"),
			parameter("shared_preload_libraries", "pg_stat_statements", "pending-reboot"),
		},
	}, s.opts()...)
}
