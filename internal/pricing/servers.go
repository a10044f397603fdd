package pricing

// classHour is the price of an hour of a class of servers, in the region or
// estimated by the primary's.
func (t *Table) classHour(region, class string, classes func(Region) map[string]float64) (float64, bool) {
	prices, scale := t.region(region)
	if len(classes(prices)) == 0 {
		prices, scale = t.Regions[primary], t.OtherRegionsMultiplier
	}
	hour, known := classes(prices)[class]
	return hour * scale, known
}

// cacheMonthly is the nodes of a replication group: shards, each with its
// replicas.
func (t *Table) cacheMonthly(region string, attrs map[string]any) (float64, bool) {
	hour, known := t.classHour(region, text(attrs, "node_type"), func(r Region) map[string]float64 { return r.CacheNodeHour })
	if shards, ok := number(attrs, "num_node_groups"); ok && shards > 1 {
		replicas, _ := number(attrs, "replicas_per_node_group")
		return shards * (1 + replicas) * hour * hoursPerMonth, known
	}
	nodes, counted := number(attrs, "num_cache_clusters")
	return nodes * hour * hoursPerMonth, known && counted
}

// searchMonthly is the nodes of a domain, those that hold data with their
// volumes.
func (t *Table) searchMonthly(region string, attrs map[string]any) (float64, bool) {
	classes := func(r Region) map[string]float64 { return r.SearchInstanceHour }
	cluster := block(attrs, "cluster_config")
	hour, known := t.classHour(region, word(cluster, "instance_type", "instanceType"), classes)
	nodes, counted := either(cluster, "instance_count", "instanceCount")
	gib, _ := either(block(attrs, "ebs_options"), "volume_size", "volumeSize")
	prices, scale := t.region(region)
	if prices.SearchGiBMonth == 0 {
		prices, scale = t.Regions[primary], t.OtherRegionsMultiplier
	}
	usd := nodes * (hour*hoursPerMonth + gib*prices.SearchGiBMonth*scale)
	masters, _ := either(cluster, "dedicated_master_count", "dedicatedMasterCount")
	if masters > 0 {
		leader, priced := t.classHour(region, word(cluster, "dedicated_master_type", "dedicatedMasterType"), classes)
		usd, known = usd+masters*leader*hoursPerMonth, known && priced
	}
	return usd, known && counted
}

// block is a nested block, which Terraform has in a list of one.
func block(attrs map[string]any, name string) map[string]any {
	switch value := attrs[name].(type) {
	case map[string]any:
		return value
	case []any:
		if len(value) == 1 {
			inner, _ := value[0].(map[string]any)
			return inner
		}
	}
	return nil
}

// Inner attributes have Terraform's names or Pulumi's.

func word(attrs map[string]any, terraform, pulumi string) string {
	if value := text(attrs, terraform); value != "" {
		return value
	}
	return text(attrs, pulumi)
}

func either(attrs map[string]any, terraform, pulumi string) (float64, bool) {
	if value, ok := number(attrs, terraform); ok {
		return value, true
	}
	return number(attrs, pulumi)
}
