package stacks

// Classes of servers that have a price; a spec that names another is refused.

func cacheNodeTypes() []string {
	return []string{
		"cache.t4g.micro", "cache.t4g.small", "cache.t4g.medium",
		"cache.m6g.large", "cache.m6g.xlarge", "cache.m7g.large", "cache.m7g.xlarge",
		"cache.r6g.large", "cache.r6g.xlarge", "cache.r6g.2xlarge", "cache.r6g.4xlarge",
		"cache.r7g.large", "cache.r7g.xlarge", "cache.r7g.2xlarge", "cache.r7g.4xlarge",
	}
}

func databaseClasses() []string {
	return []string{
		"db.t4g.medium", "db.t4g.large",
		"db.r6g.large", "db.r6g.xlarge", "db.r6g.2xlarge", "db.r6g.4xlarge",
		"db.r7g.large", "db.r7g.xlarge", "db.r7g.2xlarge", "db.r7g.4xlarge",
	}
}

func searchInstanceTypes() []string {
	return []string{
		"t3.small.search", "t3.medium.search",
		"m6g.large.search", "m6g.xlarge.search", "m6g.2xlarge.search",
		"c6g.large.search", "c6g.xlarge.search",
		"r6g.large.search", "r6g.xlarge.search", "r6g.2xlarge.search", "r6g.4xlarge.search",
	}
}
