package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// sweepSpec is what a stack has, and what the names in it begin with.
type sweepSpec struct {
	Prefix string `json:"prefix"`
	// Rules are those of security groups in a VPC, which comes with them.
	Rules          int `json:"rules"`
	SecurityGroups int `json:"security_groups"`
	Topics         int `json:"topics"`
	Groups         int `json:"groups"`
}

// mixed is a stack of n resources, as sweepWorkspace has them.
func mixed(prefix string, n int) sweepSpec {
	s := sweepSpec{Prefix: prefix, SecurityGroups: 1 + n/100, Topics: n / 5, Groups: n / 5}
	s.Rules = n - 1 - s.SecurityGroups - s.Topics - s.Groups
	return s
}

// sweepProgram makes what a sweepSpec says.
func sweepProgram(spec aegis.Spec) (pulumi.RunFunc, error) {
	var s sweepSpec
	if err := json.Unmarshal(spec.Parameters, &s); err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	return func(ctx *pulumi.Context) error {
		if err := s.network(ctx); err != nil {
			return err
		}
		for i := range s.Topics {
			name := fmt.Sprintf("%s-topic-%d", s.Prefix, i)
			if _, err := sns.NewTopic(ctx, name, &sns.TopicArgs{Name: pulumi.String(name)}); err != nil {
				return err
			}
		}
		for i := range s.Groups {
			name := fmt.Sprintf("%s-group-%d", s.Prefix, i)
			if _, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
				Name: pulumi.String(name), RetentionInDays: pulumi.Int(7),
			}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (s sweepSpec) network(ctx *pulumi.Context) error {
	if s.Rules == 0 {
		return nil
	}
	network, err := ec2.NewVpc(ctx, "v", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16")})
	if err != nil {
		return err
	}
	var groups []*ec2.SecurityGroup
	for i := range s.SecurityGroups {
		name := fmt.Sprintf("%s-%d", s.Prefix, i)
		group, err := ec2.NewSecurityGroup(ctx, name, &ec2.SecurityGroupArgs{Name: pulumi.String(name), VpcId: network.ID()})
		if err != nil {
			return err
		}
		groups = append(groups, group)
	}
	for i := range s.Rules {
		if _, err := vpc.NewSecurityGroupIngressRule(ctx, fmt.Sprintf("r%d", i), &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: groups[i%len(groups)].ID(), IpProtocol: pulumi.String("tcp"), CidrIpv4: pulumi.String("10.0.0.0/8"),
			FromPort: pulumi.Int(1000 + i), ToPort: pulumi.Int(1000 + i),
		}); err != nil {
			return err
		}
	}
	return nil
}

// sweepPulumi is a stack and the stock CLI's project for it.
type sweepPulumi struct {
	*stock

	run aegis.StackRun
}

// newPulumi makes a stack of n resources.
func (s *sweeper) newPulumi(ctx context.Context, n int) (*sweepPulumi, error) {
	run, err := s.applied(ctx, mixed(fmt.Sprintf("pu%d", n), n))
	if err != nil {
		return nil, err
	}
	keys, err := s.Engine.Credentials(ctx, aegis.StackRun{})
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	p := &sweepPulumi{run: run, stock: &stock{
		cfg:   EngineConfig{Engine: s.Engine, Region: s.Region, LanguageHost: s.LanguageHost, PulumiHome: s.PulumiHome},
		stack: run.Stack.StackID, dir: filepath.Join(s.Dir, run.Stack.StackID),
	}}
	p.env = p.environment(keys)
	project := map[string]any{"name": "aegis", "runtime": map[string]any{"name": "go", "options": map[string]any{"binary": "/bin/true"}}}
	text, err := json.Marshal(project) // JSON is YAML
	if err == nil {
		err = os.Mkdir(p.dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "Pulumi.yaml"), text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the project: %w", err)
	}
	return p, nil
}

// cached is a refresh whose plugin has what ours remembers.
func (p *sweepPulumi) cached(ctx context.Context) error {
	remembering := *p.stock
	remembering.cache = p.cfg.Engine.PluginCache
	return remembering.refresh(ctx)
}

// applied makes a stack and returns a run that looks at it.
func (s *sweeper) applied(ctx context.Context, spec sweepSpec) (aegis.StackRun, error) {
	prefix := spec.Prefix
	parameters, err := json.Marshal(spec)
	if err != nil {
		return aegis.StackRun{}, fmt.Errorf("encode the spec: %w", err)
	}
	run := aegis.StackRun{
		Stack: aegis.Stack{
			StackID: "bench." + prefix + "." + s.Region, Kind: aegis.TargetPulumiStack, Region: s.Region, Environment: "bench", Layer: prefix,
		},
		Spec:        aegis.Spec{Version: aegis.SpecVersion, Layer: prefix, Environment: "bench", Region: s.Region, Parameters: parameters},
		ChangeSetID: "cs-bench", FencingToken: 1,
		Policy: &aegis.ExecutionPolicy{NetworkScope: aegis.NetworkScope{Regions: []string{s.Region}}},
	}
	plan, err := s.engines.Preview(ctx, run)
	if err == nil {
		_, err = s.engines.Apply(ctx, run, plan.Digest)
	}
	if err != nil {
		return run, fmt.Errorf("make the stack: %w", err)
	}
	run.ChangeSetID, run.FencingToken, run.Policy = "", 0, nil
	return run, nil
}
