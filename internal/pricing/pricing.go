// Package pricing estimates what resources cost in a month from an embedded
// table of list prices.
//
// Only the standing cost counts: what a resource costs by existing. Usage,
// such as stored bytes or requests, is not estimated, so a bucket or a log
// group costs nothing here. Hourly prices count 730 hours a month. A region
// without prices of its own is taken as the primary prices (us-east-1) times
// other_regions_multiplier of the table.
package pricing

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aegisworld/aegis"
)

//go:embed prices.json
var embedded []byte

// hoursPerMonth is AWS's convention.
const hoursPerMonth = 730

// primary is the region whose prices others are derived from.
const primary = "us-east-1"

// Table holds list prices in US dollars.
type Table struct {
	// AsOf is the day for which the prices hold, Source where they come from.
	AsOf     string `json:"as_of"`
	Source   string `json:"source"`
	Currency string `json:"currency"`
	// OtherRegionsMultiplier estimates regions that Regions lacks.
	OtherRegionsMultiplier float64           `json:"other_regions_multiplier"`
	Global                 Global            `json:"global"`
	Regions                map[string]Region `json:"regions"`
	// NoStandingCost lists the types that cost nothing by existing.
	NoStandingCost []string `json:"no_standing_cost"`
}

// Global holds prices that are the same in every region.
type Global struct {
	PublicIPv4Hour          float64 `json:"public_ipv4_hour"`
	KMSKeyMonth             float64 `json:"kms_key_month"`
	ClusterHour             float64 `json:"cluster_hour"`
	HostedZoneMonth         float64 `json:"hosted_zone_month"`
	HealthCheckMonth        float64 `json:"health_check_month"`
	HealthCheckFeatureMonth float64 `json:"health_check_feature_month"`
	AlarmMonth              float64 `json:"alarm_month"`
	SecretMonth             float64 `json:"secret_month"`
	WebACLMonth             float64 `json:"web_acl_month"`
	WebACLRuleMonth         float64 `json:"web_acl_rule_month"`
}

// Region holds a region's prices.
type Region struct {
	GP3GiBMonth    float64 `json:"gp3_gib_month"`
	NATGatewayHour float64 `json:"nat_gateway_hour"`
	// LoadBalancerHour is the price of an Application Load Balancer; its capacity
	// units are usage.
	LoadBalancerHour float64 `json:"load_balancer_hour"`
	// EndpointHour is the price of an interface endpoint in one zone.
	EndpointHour             float64 `json:"endpoint_hour"`
	KinesisShardHour         float64 `json:"kinesis_shard_hour"`
	KinesisExtendedShardHour float64 `json:"kinesis_extended_shard_hour"`
	// CacheNodeHour, DatabaseHour and SearchInstanceHour are by class; a region without any is
	// estimated by the primary's.
	CacheNodeHour      map[string]float64 `json:"cache_node_hour"`
	DatabaseHour       map[string]float64 `json:"database_hour"`
	SearchInstanceHour map[string]float64 `json:"search_instance_hour"`
	SearchGiBMonth     float64            `json:"search_gib_month"`
	// InstanceHour is the price of an hour by instance type.
	InstanceHour map[string]float64 `json:"instance_hour"`
}

// Load reads the embedded table and checks it.
func Load() (*Table, error) { return parse(embedded) }

func parse(text []byte) (*Table, error) {
	var table Table
	if err := json.Unmarshal(text, &table); err != nil {
		return nil, fmt.Errorf("read price table: %w", err)
	}
	if _, err := time.Parse(time.DateOnly, table.AsOf); err != nil || table.Source == "" {
		return nil, fmt.Errorf("read price table: it needs a date and a source")
	}
	if _, ok := table.Regions[primary]; !ok || table.OtherRegionsMultiplier <= 0 || table.Currency != "USD" {
		return nil, fmt.Errorf("read price table: it needs prices of %s in USD and a multiplier", primary)
	}
	return &table, nil
}

// Delta is the change of the monthly cost in US dollars, rounded to cents,
// and the addresses of changed resources without a known price.
func (t *Table) Delta(changes []aegis.ResourceChange) (usdMonth float64, unknown []string) {
	for _, change := range changes {
		before, known := t.side(change, change.Before, nil)
		after, alsoKnown := t.side(change, change.After, change.Unknown)
		if !known || !alsoKnown {
			unknown = append(unknown, change.Address)
			continue
		}
		usdMonth += after - before
	}
	return math.Round(usdMonth*100) / 100, unknown
}

// side prices one side of a change; nothing costs nothing.
func (t *Table) side(change aegis.ResourceChange, attrs map[string]any, unknown []string) (float64, bool) {
	if attrs == nil {
		return 0, true
	}
	for _, name := range pricedBy(change.Type) {
		if slices.Contains(unknown, name) {
			return 0, false
		}
	}
	return t.Monthly(change.Type, change.Region, attrs)
}

// Monthly is what a resource costs in a month, in US dollars; false when that
// is not known. Attributes have Terraform's names.
func (t *Table) Monthly(resourceType, region string, attrs map[string]any) (float64, bool) {
	if slices.Contains(t.NoStandingCost, resourceType) {
		return 0, true
	}
	prices, scale := t.region(region)
	switch resourceType {
	case "aws_autoscaling_group":
		usd, known := groupMonthly(prices, attrs)
		return usd * scale, known
	case "aws_eks_node_group":
		usd, known := nodesMonthly(prices, attrs)
		return usd * scale, known
	case "aws_instance":
		hour, known := prices.InstanceHour[text(attrs, "instance_type")]
		return hour * hoursPerMonth * scale, known
	case "aws_kinesis_stream":
		usd, known := streamMonthly(prices, attrs)
		return usd * scale, known
	case "aws_elasticache_replication_group":
		return t.cacheMonthly(region, attrs)
	case "aws_opensearch_domain":
		return t.searchMonthly(region, attrs)
	case "aws_rds_cluster_instance":
		hour, known := t.classHour(region, text(attrs, "instance_class"), func(r Region) map[string]float64 { return r.DatabaseHour })
		return hour * hoursPerMonth, known
	case "aws_vpc_endpoint":
		return endpointMonthly(prices, attrs) * scale, true
	case "aws_lb":
		return prices.LoadBalancerHour * hoursPerMonth * scale, true
	case "aws_nat_gateway":
		return prices.NATGatewayHour * hoursPerMonth * scale, true
	default:
		return t.global(resourceType, attrs)
	}
}

// region is a region's prices and what to multiply them with.
func (t *Table) region(name string) (Region, float64) {
	if prices, ok := t.Regions[name]; ok {
		return prices, 1
	}
	return t.Regions[primary], t.OtherRegionsMultiplier
}

// global prices the types that cost the same everywhere.
func (t *Table) global(resourceType string, attrs map[string]any) (float64, bool) {
	switch resourceType {
	case "aws_eip":
		return t.Global.PublicIPv4Hour * hoursPerMonth, true
	case "aws_eks_cluster":
		return t.Global.ClusterHour * hoursPerMonth, true
	case "aws_kms_key", "aws_kms_replica_key":
		return t.Global.KMSKeyMonth, true
	case "aws_route53_zone":
		return t.Global.HostedZoneMonth, true
	case "aws_route53_health_check":
		return t.healthCheck(attrs), true
	case "aws_cloudwatch_metric_alarm":
		return t.Global.AlarmMonth, true
	case "aws_secretsmanager_secret":
		return t.Global.SecretMonth * float64(1+len(blocks(attrs, "replica"))), true
	case "aws_wafv2_web_acl":
		return t.webACL(attrs), true
	default:
		return 0, false
	}
}
