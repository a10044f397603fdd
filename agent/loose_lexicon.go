package agent

import (
	"maps"
	"slices"
	"strings"
)

// sense is what a word or two mean to the loose reader.
type sense struct {
	// kind is one of the lexicon's, or of values: num, pct, dur, size, type, cidr,
	// path, name, factor, ports, action.
	kind string
	// text is the value as the grammar takes it.
	text string
}

// lexicon are phrases by what they mean. What means nothing here is a filler.
func lexicon() map[string][]string {
	return map[string][]string{
		"nodes": {
			"node", "nodes", "server", "servers", "instance", "instances", "box", "boxes", "machine", "machines", "worker", "workers", "vm", "vms",
			"host", "hosts", "fleet", "capacity", "runtime", "group", "groups", "autoscaling group", "server group", "server groups", "asg",
			"desired", "desired capacity", "of them",
		},
		"more":  {"more", "extra", "additional", "another", "add", "added", "further", "other"},
		"fewer": {"fewer", "less", "remove", "drop"},
		"max": {
			"max", "maximum", "ceiling", "upper limit", "upper bound", "at most", "no more than", "not more than", "cap", "go up to", "can grow to", "grow to",
			"scale up to",
		},
		"min":     {"min", "minimum", "floor", "lower limit", "at least", "no fewer than", "fewer than", "never below", "less than"},
		"exactly": {"exactly", "pin", "fixed at", "neither more nor less"},
		"disk":    {"disk", "disks", "root disk", "root disks", "root volume", "root volumes", "volume", "volumes", "disk space"},
		"cpu":     {"cpu", "cpu load", "cpu target", "average cpu"},
		"logs":    {"log", "logs", "log data", "log retention", "cloudwatch logs", "logs retention"},
		"shards":  {"shard", "shards"},
		"stream":  {"stream", "streams", "event stream", "events", "event", "records", "kinesis stream"},
		"hold": {
			"retention", "retain", "retained", "hold", "held", "stay", "stays", "kept", "keep", "replay", "available", "look back", "kept for", "plenty",
		},
		"ttl": {"ttl", "dns ttl", "time to live", "record ttl", "ttl of records"},
		"health": {
			"health check", "health checks", "healthcheck", "healthchecks", "health endpoint", "probe", "probes", "checks", "check", "health", "probed",
		},
		"failures":   {"failure", "failures", "failed health checks", "failed checks", "failed probes", "failures in row"},
		"port":       {"port", "ports"},
		"nat":        {"nat", "nat gateway", "nat gateways"},
		"zone":       {"zone", "zones", "availability zone", "availability zones", "az", "azs"},
		"keys":       {"key", "keys", "kms key", "kms keys", "encryption keys", "encryption key"},
		"rotate":     {"rotate", "rotated", "rotation"},
		"session":    {"session", "sessions", "executor session", "executor sessions", "executor", "session length"},
		"window":     {"deletion window", "key deletion window", "recoverable", "recovery window"},
		"old":        {"old versions", "old version", "previous versions", "previous object versions", "noncurrent versions", "object versions", "old object versions"},
		"expire":     {"expire", "expires", "expiry", "deleted", "go after", "delete", "get rid of", "old"},
		"objects":    {"objects", "object", "artifacts", "current objects"},
		"bucket":     {"bucket", "buckets"},
		"new":        {"new", "create", "set up", "named", "called", "prepare"},
		"same":       {"stays as it is", "stay as they are", "stays as is", "stay as is", "as it is today", "as today", "as now"},
		"double":     {"double", "twice as many", "twice"},
		"triple":     {"triple", "three times as many"},
		"halve":      {"halve", "half of", "half as many"},
		"debug":      {"debug logging"},
		"loglevel":   {"log level", "log_level"},
		"infrequent": {"infrequent access"},
		"archive":    {"archive", "archived"},
		"stop":       {"stop", "shut down", "turn off", "no servers", "zero servers", "every server", "no nodes"},
		"level":      {"warn", "info", "debug", "error", "trace"},
		"analyzer":   {"access analyzer", "iam access analyzer"},
		"cloudevts":  {"cloud events", "cloud_events"},
		"dataSubs":   {"isolated subnets", "data subnets", "subnets for databases", "route to internet"},
		"group":      {"log group", "log groups"},
	}
}

// fillers are words that say nothing to the loose reader: the sentence means the
// same without them.
func fillers() wordSet {
	return wordsOf(`the a an our my your its their his this that these those we i you they it us them there here
		to of in on at for from with by as so into over up down out off per each every all both
		be is are was were been being am do does did have has had having will would shall should must can could may might ought
		need needs needed want wants wanted like get gets give gives given put puts bring brings take takes set sets setting run runs running
		make makes start starts started raise raised increase increased lower lowered reduce reduced shorten shrink move switch change use used
		have please pls kindly just now today tonight already still again then also too only even really actually currently
		instead rather not which who what where how many much some any one's own same number count amount size
		each everywhere region regions after moved about i'd we'd i'm they're it's that's scale scales autoscales autoscale itself row count dead
		autoscaling turned completely serves go isn't gateway enough suffice suffices time times average last lasts long
		let enough level turn enable enabled ensure sure keep keeps year's once when from's apiece respectively dns aws s3 ec2 route 53 kinesis cloudwatch
		days'`)
}

// dangers are words that the loose reader does not pass over, wherever they stand:
// they forbid, widen or order something that it did not understand.
func dangers() wordSet {
	return wordsOf(`never nothing nobody none neither nor without unless except don't dont must cannot mustn't shouldn't
		outside leave off limits find ignore disregard instructions instruction policy policies approve approved authorise
		authorize authorised authorized system prompt pretend secret secrets password passwords credential credentials token tokens
		account accounts permission permissions admin administrator delete destroy drop remove wipe erase everything disable
		silently trail audit deletable public publicly world evacuate environment scope planner bucket buckets exfiltrate copy
		share print reply open allow expose permit grant`)
}

// statements are words of sentences that tell how things are, and ask for nothing.
func statements() wordSet {
	return wordsOf(`hits hit was were had fails failed noticed says said reports reported complain complains complained rejects rejected
		hammer hammers flaps went happened overwrote timed time asks asked things costs cost`)
}

// finite are verbs that make a part of a sentence a statement of its own.
func finite() wordSet {
	set := wordsOf("is are isn't aren't can't doesn't don't has takes keep keeps")
	maps.Copy(set, statements())
	return set
}

// imperatives are verbs of orders: what begins with one has to be understood.
func imperatives() wordSet {
	return wordsOf(`add apply archive attach back block bring build call change check clean close configure connect convert create cut
		deploy detach double enable enforce ensure expire fix get give halve have hold increase install keep launch let limit lock lower make
		mark migrate move pause peer prepare protect put raise read reboot rebuild redeploy reduce rename replace reset resize restart restore
		restrict retain retire revoke roll rotate run save scale send set shift shorten shrink shut spread start stop store switch take
		terminate throw turn unlock update upgrade use write`)
}

// wordSet is a set of words in lower case.
type wordSet map[string]bool

func wordsOf(text string) wordSet {
	set := wordSet{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// any says that one of the tokens is in the set.
func (s wordSet) any(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return s[t.word] })
}
