package agent

// sense is what a word or two mean to the loose reader.
type sense struct {
	// kind is one of the lexicon's, or of values: num, pct, dur, size, type, cidr,
	// path, name, factor, ports, action, clock.
	kind string
	// text is the value as the grammar takes it.
	text string
}

// lexicon are phrases by what they mean. What means nothing here is a filler.
func lexicon() map[string][]string {
	all := map[string][]string{}
	for _, part := range []map[string][]string{amountWords(), nodeWords(), dataWords(), edgeWords(), networkWords(), securityWords(), storeWords()} {
		for kind, phrases := range part {
			all[kind] = append(all[kind], phrases...)
		}
	}
	return all
}

// amountWords say how much, in which direction, and whether.
func amountWords() map[string][]string {
	return map[string][]string{
		"more":  {"more", "extra", "additional", "another", "add", "added", "further", "other", "spare"},
		"fewer": {"cut", "fewer", "less", "remove", "drop", "shed"},
		"up": {
			"increase", "increased", "raise", "raised", "grow", "bump", "bump up", "lift", "extend", "extended", "lengthen", "expand", "enlarge", "scale up",
			"scale out", "push up", "crank up", "widen", "boost", "beef up", "ramp up", "go up", "upsize", "prolong",
		},
		"down": {
			"decrease", "decreased", "lower", "lowered", "reduce", "reduced", "shrink", "shorten", "shortened", "trim", "tighten", "scale down", "scale in",
			"scale back", "bring down", "go down", "dial down", "dial back", "downsize", "cut back", "cut down", "drop down",
		},
		"max": {
			"max", "maximum", "ceiling", "upper limit", "upper bound", "at most", "no more than", "not more than", "cap", "capped", "go up to", "can grow to",
			"can scale to", "can scale up to", "may scale to", "may scale up to", "up to",
			"able to scale out to", "able to grow to", "able to go to", "able to scale to", "able to scale up to", "able to go up to", "no longer than", "not longer than", "never more than", "limit", "limited", "may grow to",
			"can go up to", "may go up to", "must not exceed", "never exceed", "not exceed", "mustn't exceed", "shouldn't exceed",
		},
		"min": {
			"min", "minimum", "floor", "lower limit", "lower bound", "at least", "no fewer than", "never below", "no less than",
			"not less than", "not fewer than", "never fewer than", "never less than", "never go below", "never drop below", "never fall below", "never run fewer than",
			"never run less than", "no shorter than",
		},
		"exactly": {"exactly", "pin", "pinned", "fixed at", "neither more nor less", "precisely"},
		"double":  {"double", "doubled", "twice as many", "twice", "twofold", "twice as much", "twice as big", "twice as large"},
		"triple":  {"triple", "tripled", "three times as many", "treble", "threefold", "three times as much"},
		"halve":   {"halve", "halved", "half of", "half as many", "by half", "in half", "half as much"},
		"new":     {"new", "create", "set up", "named", "called", "prepare", "provision", "spin up", "reserve", "stand up", "introduce", "name", "make room for"},
		"some":    {"need a", "needs a", "want a", "wants a", "like a", "room for", "place for", "make a", "need an", "needs an", "get a", "give us a"},
		"on":      {"turn on", "turned on", "switch on", "switched on", "enable", "enabled", "activate", "activated", "roll out", "start using", "start recording", "begin recording", "receive", "start receiving"},
		"stop": {
			"stop", "shut down", "turn off", "turned off", "switch off", "switched off", "no servers", "zero servers", "no nodes", "disable", "disabled",
			"deactivate", "get rid of", "no instances", "no machines", "power off", "power down",
		},
		"hold": {
			"retention", "retain", "retained", "hold", "held", "stay", "stays", "kept", "keep", "available", "kept for", "plenty", "store", "stored",
			"preserve", "preserved", "hold on to", "hold onto", "on file", "retention period", "retention time", "keeping", "retaining", "on hand", "around", "lifetime", "keeps", "remember", "remembers", "remembered",
		},
		"replay": {"replay", "look back", "reprocess", "go back", "rewind", "read back"},
		"after":  {"after", "once they are", "once it is", "when they are", "when they're", "once they're", "when it is", "older than", "once"},
		"before": {"before"},
		"only":   {"only", "exclusively", "solely"},
		"same": {
			"same", "stays as it is", "stay as they are", "stays as is", "stay as is", "as it is today", "as today", "as now", "stays the same", "stay the same",
			"remains as it is", "remain as they are", "remains unchanged", "stays unchanged", "stay unchanged", "leave alone",
		},
		"soft": {
			"right away", "straight away",
			"route 53", "as well", "in advance", "by itself", "from now on", "right now", "for good", "as soon as possible", "in future", "in the future", "going forward",
			"of course", "thank you", "at once", "on average", "by themselves", "instead", "set it like that", "make it so", "do that", "see to it", "as agreed", "as discussed", "as usual", "as before", "that's all", "anywhere in",
			"in each case", "at a time", "on top", "on top of that", "on top of those", "on top of what's running", "on top of what is running", "how about", "what about", "why not",
			"black friday", "cyber monday", "prepare them for that", "prepare for that", "prepare for it", "no exceptions", "without exception", "without exceptions", "aim for", "of its own", "of their own", "of our own", "in return", "than today", "than now", "than at present", "than we have", "in total", "in all", "altogether", "in place", "from here on",
		},
	}
}

// nodeWords are about the runtime.
func nodeWords() map[string][]string {
	return map[string][]string{
		"nodes": {
			"node", "nodes", "server", "servers", "instance", "instances", "box", "boxes", "machine", "machines", "worker", "workers", "vm", "vms",
			"host", "hosts", "fleet", "capacity", "runtime", "group", "groups", "autoscaling group", "server group", "server groups", "asg",
			"desired", "desired capacity", "autoscaler", "auto scaler", "of them", "auto scaling group", "auto-scaling group", "compute", "compute nodes", "worker nodes", "ec2 instances",
			"compute layer", "runtime layer", "server count", "node count", "instance count", "vcpus nodes", "hosts running", "compute capacity",
		},
		"arch": {"arm", "graviton", "arm64", "graviton2", "graviton3"},
		"disk": {
			"disk", "disks", "root disk", "root disks", "root volume", "root volumes", "volume", "volumes", "disk space", "storage", "ebs", "ebs volume", "ebs volumes",
			"disc", "discs", "disk size", "volume size", "storage space",
		},
		"cpu": {
			"cpu", "cpu load", "cpu target", "average cpu", "cpu usage", "cpu utilisation", "cpu utilization", "target cpu", "processor load", "average load",
			"load target", "processor usage", "average cpu load", "cpu threshold", "scaling target", "cpu scaling target",
		},
		"repo": {
			"repository", "repo", "image repository", "container repository", "ecr repository", "docker repository", "ecr repo", "docker registry", "container registry",
			"image registry", "repositories", "registry",
		},
		"images":     {"images", "container images", "docker images", "tagged images", "newest images", "latest images"},
		"newest":     {"newest", "latest", "most recent", "last"},
		"scaleevent": {"before it adds machines", "before new ones start", "scale out at", "scales out at"},
	}
}

// dataWords are about logs, streams and buckets.
func dataWords() map[string][]string {
	return map[string][]string{
		"logs": {
			"log", "logs", "log data", "log retention", "cloudwatch logs", "logs retention", "log events", "log records", "log files", "application logs", "logging data",
			"log history", "log storage", "cloudwatch log",
		},
		"shards": {"shard", "shards"},
		"stream": {
			"stream", "streams", "event stream", "events", "event", "records", "kinesis stream", "kinesis streams", "event streams", "events stream", "stream records",
			"kinesis", "kinesis data stream",
		},
		"old": {
			"old versions", "old version", "previous versions", "previous object versions", "noncurrent versions", "object versions", "old object versions",
			"non-current versions", "superseded versions", "outdated versions", "earlier versions", "prior versions", "overwritten versions", "stale versions",
			"older versions", "noncurrent object versions", "stale object versions", "versions", "replaced versions", "previous version",
		},
		"expire": {
			"expire", "expires", "expiry", "deleted", "go after", "delete", "get rid of", "old", "expired", "purge", "purged", "cleaned up", "clean up", "thrown away",
			"throw away", "removed", "discard", "discarded", "expiration", "vanish", "disappear",
		},
		"forever":    {"never expire", "never be deleted", "forever", "indefinitely", "for ever", "never be expired"},
		"objects":    {"objects", "object", "current objects", "files", "everything", "contents", "content"},
		"artifacts":  {"artifacts", "artefacts", "artifact", "artefact", "current artifacts", "build artifacts"},
		"bucket":     {"bucket", "buckets", "s3 bucket", "s3 buckets"},
		"s3":         {"s3"},
		"infrequent": {"infrequent access", "infrequent-access", "ia", "standard-ia", "infrequent access tier", "infrequent access storage"},
		"archive":    {"archive", "archived", "glacier", "glacier instant retrieval", "archives", "archive storage", "archival storage", "instant-retrieval archive", "cold storage"},
		"move":       {"move", "moved", "transition", "transitioned", "tier", "shift", "shifted", "send", "sent", "migrate", "migrated"},
		"lock":       {"object lock", "locked", "object-lock", "worm", "immutable"},
		"mode":       {"compliance", "governance"},
		"modeword":   {"mode", "compliance mode lock", "governance mode lock"},
		"debug":      {"debug logging"},
		"loglevel":   {"log level", "log_level", "logging level", "loglevel", "log verbosity", "verbosity"},
		"level":      {"warn", "info", "debug", "error", "trace", "warning"},
		"group":      {"log group", "log groups", "cloudwatch log group", "cloudwatch log groups"},
	}
}

// edgeWords are about DNS and health checks.
func edgeWords() map[string][]string {
	return map[string][]string{
		"ttl": {
			"ttl", "dns ttl", "time to live", "record ttl", "ttl of records", "ttls", "time-to-live", "records ttl", "dns records ttl", "dns cache time", "dns caching",
			"dns records", "dns record", "dns answers", "dns entries", "dns responses",
		},
		"cached": {"cached", "cache dns", "cacheable"},
		"health": {
			"health check", "health checks", "healthcheck", "healthchecks", "health endpoint", "probe", "probes", "checks", "check", "health", "probed",
			"health probes", "health probe", "checked", "checking", "health-check", "health-checks", "health checking", "probing",
		},
		"path": {"path", "url", "endpoint path", "uri"},
		"failures": {
			"failure", "failures", "failed health checks", "failed checks", "failed probes", "failures in row", "failed health check", "failure threshold",
			"missed checks", "missed probes", "misses", "missed ones", "consecutive failures", "failing checks", "failed attempts", "bad checks", "health check failures", "threshold",
			"failures in a row", "consecutive failed checks", "consecutive failed health checks", "health check threshold", "unsuccessful checks",
		},
		"unhealthy": {
			"unhealthy", "out of rotation", "fail over", "failover", "taken out", "declared dead", "count as down", "counts as down", "considered down", "considered dead",
			"considered unhealthy", "marked unhealthy", "dead", "give up on", "failing over", "take out", "call one dead", "call it dead", "call a region dead", "count one as dead", "declare it dead", "declare one dead",
		},
		"interval": {"interval", "frequency", "period", "often", "how often", "intervals"},
		"port":     {"port", "ports"},
	}
}

// networkWords are about the network.
func networkWords() map[string][]string {
	return map[string][]string{
		"gateway": {"gateway", "gateways"},
		"private": {"off internet", "off the internet", "away from internet", "away from the internet", "private", "privately", "without leaving network", "without leaving the network"},
		"nat":     {"nat", "nat gateway", "nat gateways", "nats", "nat gw"},
		"ha":      {"highly available", "ha", "high availability", "redundant", "zone-redundant", "fault tolerant", "fault-tolerant", "zonal"},
		"zone":    {"zone", "zones", "availability zone", "availability zones", "az", "azs", "per-az", "per-zone"},
		"net":     {"network", "networks", "vpc", "subnets", "private subnets", "spread", "span", "spans", "spanning", "vpcs", "stretch", "egress", "outbound internet access"},
		"dataSubs": {
			"isolated subnets", "data subnets", "subnets for databases", "database subnets", "subnets for data stores", "private data subnets", "isolated data subnets",
			"isolated subnets for databases",
		},
		"flowlogs": {"flow logs", "vpc flow logs", "flow log", "vpc flow log", "network flow logs", "flow-logs"},
		"gwend":    {"gateway endpoint", "gateway endpoints", "gateway vpc endpoint", "vpc gateway endpoint"},
		"ifend":    {"interface endpoint", "interface endpoints", "vpc endpoint", "private endpoint", "interface vpc endpoint", "privatelink endpoint", "vpc interface endpoint"},
		"dynamo":   {"dynamodb", "dynamo"},
		"awssvc":   {"kms", "sts", "secretsmanager", "ecr.api", "ecr.dkr", "ssm", "sqs", "sns", "ssmmessages", "ec2messages"},
		"open":     {"open", "allow", "permit", "unblock", "let in", "opened", "allowed", "allow in", "open up"},
		"reach":    {"reach", "access", "connect", "talk to", "get to", "come in", "connect to", "get in", "accessible", "reachable"},
		"shut":     {"close", "block", "deny", "shut", "closed", "blocked", "lock down", "disallow", "reject", "close off", "shut off"},
		"restrict": {"restrict", "restricted", "narrow", "limit access", "narrowed", "lock down to", "limited to", "restrict access", "reachable from", "confine"},
		"traffic":  {"traffic", "inbound", "ingress", "incoming", "connections", "inbound traffic", "ingress traffic", "connection", "incoming traffic", "firewall", "security group"},
		"rule":     {"ingress rule", "firewall rule", "rule", "security group rule", "inbound rule", "ingress rules"},
		"isolated": {
			"without way to internet", "without route to internet", "without internet access", "with no route to internet", "no internet access", "with no way to internet",
			"without a way to the internet", "without a route to the internet", "with no route to the internet", "no route to the internet", "isolated",
		},
	}
}

// securityWords are about keys, roles and what watches.
func securityWords() map[string][]string {
	return map[string][]string{
		"keys": {
			"key", "keys", "kms key", "kms keys", "encryption keys", "encryption key", "cmks", "customer keys", "kms", "cmk", "customer managed keys", "customer-managed keys",
			"master keys",
		},
		"rotate": {"rotate", "rotated", "rotation", "rotating", "rotation period", "rotation interval", "rolled over", "renewed", "rotates"},
		"session": {
			"session", "sessions", "executor session", "executor sessions", "executor", "session length", "executor role", "session duration", "session lifetime",
			"executor's sessions", "executor role's sessions", "executor role sessions", "session time", "sessions of executor",
		},
		"window": {
			"deletion window", "recoverable", "recovery window", "deletion delay", "waiting period", "grace period", "pending deletion", "restorable",
			"deletion waiting period", "recovered", "restored", "restore", "undeleted", "deletion", "deletion grace period", "recovery period",
		},
		"keywindow": {"key deletion window", "kms deletion window", "key deletion period", "key deletion delay", "deleted keys", "deleted key", "key recovery window"},
		"role":      {"role", "workload role", "iam role", "roles"},
		"give":      {"give", "add to"},
		"grant":     {"grant", "granted", "may call", "may use", "permission to call", "permission for", "be allowed to call", "allow to call"},
		"strip":     {"revoke", "take away", "withdraw", "revoked", "strip", "no longer call", "no longer use", "forbid"},
		"permits":   {"permission", "permissions", "action", "actions", "call", "iam action", "iam permission", "calling"},
		"principal": {"lambda", "lambda functions", "ecs tasks", "ec2 instances", "lambda function", "codebuild"},
		"analyzer":  {"access analyzer", "iam access analyzer", "access analyser", "iam access analyser"},
		"cloudevts": {"cloud events", "cloud_events", "cloud event", "cloud-events"},
		"guardduty": {"guardduty", "guard duty", "threat detection", "amazon guardduty"},
		"findings":  {"findings", "publish findings", "finding", "published", "publish"},
		"trail":     {"cloudtrail", "cloud trail", "cloudtrail trail", "cloudtrail logs", "cloudtrail logging", "cloudtrail records"},
		"config":    {"aws config", "config recorder", "aws config recorder", "configuration recorder"},
		"hub":       {"security hub", "securityhub", "aws security hub"},
		"standard":  {"cis", "nist", "nist-800-53", "pci", "pci-dss", "fsbp"},
		"standword": {"standard", "benchmark", "standards"},
		"waf":       {"waf", "web acl", "web application firewall", "aws waf", "waf acl", "web firewall"},
		"above":     {"more than"},
		"addresses": {"addresses", "address", "ips", "ip addresses", "clients", "ip", "ip address"},
		"threats":   {"watch for threats", "look for threats", "detect threats", "threats"},
		"rate":      {"rate limit", "rate-limit", "requests", "rate limiting", "throttle", "requests per address", "requests per ip", "request rate", "rate limit of", "requests per client"},
		"fivemin":   {"per five minutes", "per 5 minutes", "in five minutes", "in 5 minutes", "every five minutes", "every 5 minutes"},
	}
}

// storeWords are about caches, databases, secrets and backups.
func storeWords() map[string][]string {
	return map[string][]string{
		"cache":     {"cache", "redis cache", "redis", "elasticache", "caches", "redis cluster", "elasticache cluster", "redis caches", "cache cluster"},
		"replicas":  {"replica", "replicas", "read replicas", "read replica", "copies per shard"},
		"snapshots": {"snapshots", "snapshot", "daily snapshots"},
		"database": {
			"database", "databases", "aurora cluster", "postgres database", "aurora database", "aurora postgres database", "postgresql database", "aurora", "db",
			"postgres cluster", "aurora postgresql cluster", "database cluster", "rds cluster",
		},
		"pitr":      {"point in time recovery", "point-in-time recovery", "pitr", "point-in-time restore", "restore window", "backup retention", "backup window"},
		"secret":    {"secret", "secrets", "secrets manager secret"},
		"backup":    {"back up", "backup", "backups", "backed up", "aws backup", "backing up"},
		"period":    {"every day", "daily", "every night", "nightly", "each day", "weekly", "every week", "each week", "once a day", "once a week", "each night"},
		"datalayer": {"data", "data layer", "data stores", "all data", "data stacks"},
	}
}
