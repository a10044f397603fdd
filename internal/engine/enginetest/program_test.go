package enginetest

import (
	"encoding/json"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/aegisworld/aegis"
)

// Parameters are the suite's spec, for both engines: parameters in SSM, one
// of them secret, and log groups.
type Parameters struct {
	Prefix   string            `json:"prefix"`
	Settings map[string]string `json:"settings"`
	// Password is the value of the secret parameter <prefix>/password.
	Password string `json:"password"`
	// LogGroups are names; renaming one replaces it.
	LogGroups map[string]string `json:"log_groups"`
	Retention int               `json:"retention"`
	// Owner is an output alone.
	Owner string `json:"owner"`
	// Import are the settings that were there before and are taken over.
	Import map[string]bool `json:"import,omitempty"`
}

// Spec wraps the parameters.
func (p Parameters) Spec() aegis.Spec {
	b, _ := json.Marshal(p) //nolint:errchkjson // plain values
	return aegis.Spec{Version: aegis.SpecVersion, Layer: "test", Environment: "test", Region: Region, Parameters: b}
}

// Program is the suite's Pulumi program.
func Program(spec aegis.Spec) (pulumi.RunFunc, error) {
	var p Parameters
	if err := json.Unmarshal(spec.Parameters, &p); err != nil {
		return nil, err
	}
	return func(ctx *pulumi.Context) error {
		for name, value := range p.Settings {
			var opts []pulumi.ResourceOption
			if p.Import[name] {
				opts = append(opts, pulumi.Import(pulumi.ID(p.Prefix+"/"+name)), pulumi.RetainOnDelete(true))
			}
			if _, err := ssm.NewParameter(ctx, name, &ssm.ParameterArgs{
				Name: pulumi.String(p.Prefix + "/" + name), Type: pulumi.String("String"), Value: pulumi.String(value),
				Tags: pulumi.StringMap{"aegis:stack": pulumi.String(ctx.Stack())},
			}, opts...); err != nil {
				return err
			}
		}
		if p.Password != "" {
			if _, err := ssm.NewParameter(ctx, "password", &ssm.ParameterArgs{
				Name: pulumi.String(p.Prefix + "/password"), Type: pulumi.String("SecureString"),
				Value: pulumi.String(p.Password),
			}); err != nil {
				return err
			}
		}
		for name, group := range p.LogGroups {
			if _, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
				Name: pulumi.String(group), RetentionInDays: pulumi.Int(p.Retention),
			}); err != nil {
				return err
			}
		}
		ctx.Export("prefix", pulumi.String(p.Prefix))
		ctx.Export("owner", pulumi.String(p.Owner))
		ctx.Export("password", pulumi.ToSecret(pulumi.String(p.Password)))
		ctx.Export("checks", pulumi.ToMapArray([]map[string]any{{"name": "up", "kind": "aws_health", "region": Region}}))
		return nil
	}, nil
}
