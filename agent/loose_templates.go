package agent

import (
	"regexp"
	"slices"
	"strings"
)

// template says senses in the grammar's words.
type template struct {
	// needs are kinds of which there has to be one each, may those that may be there.
	needs, may []string
	// text has the values of needs in the place of their kinds in angle brackets, and
	// parts in braces that are there when the kind within them is.
	text string
	// topic is what a later piece without a noun is about.
	topic string
}

// t is a template of kinds in words.
func t(needs, may, text, topic string) template {
	return template{strings.Fields(needs), strings.Fields(may), text, topic}
}

// templates are tried in order: the ones with more needs first.
func templates() []template {
	list := slices.Concat(nodeTemplates(), imageTemplates(), logTemplates(), streamTemplates(), bucketTemplates(), edgeTemplates(), networkTemplates(),
		ruleTemplates(), keyTemplates(), watchTemplates(), storeTemplates())
	slices.SortStableFunc(list, func(a, b template) int { return len(b.needs) - len(a.needs) })
	return list
}

func nodeTemplates() []template {
	const n = "nodes"
	return []template{
		t("exactlyN", "nodes hold exactly", "keep the runtime between <exactlyN> and <exactlyN> nodes", n),
		t("minN maxN", "nodes", "keep the runtime between <minN> and <maxN> nodes", n),
		t("num maxN", "nodes", "scale the runtime to <num> nodes; set the maximum number of nodes to <maxN>", n),
		t("num minN", "nodes", "scale the runtime to <num> nodes; set the minimum to <minN> nodes", n),
		t("num minN maxN", "nodes", "scale the runtime to <num> nodes; keep the runtime between <minN> and <maxN> nodes", n),
		t("type num", "nodes", "use <type> nodes; scale the runtime to <num> nodes", n),
		t("type num maxN", "nodes", "use <type> nodes; scale the runtime to <num> nodes; set the maximum number of nodes to <maxN>", n),
		t("num nodes", "hold", "scale the runtime to <num> nodes", n),
		t("same", "nodes num", "", ""),
		t("num more nodes", "", "add <num> nodes", n),
		t("more nodes", "", "add 1 nodes", n),
		t("num fewer nodes", "", "remove <num> nodes", n),
		t("pct more nodes", "", "grow the fleet by <pct>", n),
		t("pct fewer nodes", "", "shrink the fleet by <pct>", n),
		t("by num up nodes", "", "add <num> nodes", n),
		t("by num down nodes", "", "remove <num> nodes", n),
		t("by pct up nodes", "", "grow the fleet by <pct>", n),
		t("by pct down nodes", "", "shrink the fleet by <pct>", n),
		t("double nodes", "", "double the runtime", n),
		t("triple nodes", "", "triple the runtime", n),
		t("halve nodes", "", "halve the runtime", n),
		t("factor nodes", "", "scale the runtime by <factor>", n),
		t("maxN", "nodes", "set the maximum number of nodes to <maxN>", n),
		t("minN", "nodes hold", "set the minimum to <minN> nodes", n),
		t("max nodes num", "", "set the maximum number of nodes to <num>", n),
		t("min nodes num", "", "set the minimum to <num> nodes", n),
		t("type", "nodes move arch", "use <type> nodes", n),
		t("stop nodes", "", "stop the runtime", n),
		t("disk size", "nodes", "set the node disk to <size>", "disk"),
		t("double disk", "nodes", "double the node disk", "disk"),
		t("triple disk", "nodes", "triple the node disk", "disk"),
		t("size", "nodes", "set the node disk to <size>", "disk"),
		t("more size", "nodes disk", "add <size> to the node disks", "disk"),
		t("by up size", "nodes disk", "add <size> to the node disks", "disk"),
		t("scaleevent pct", "nodes cpu", "keep cpu at <pct>", "cpu"),
		t("cpu pct", "nodes more hold new", "keep cpu at <pct>", "cpu"),
	}
}

func imageTemplates() []template {
	return []template{
		t("new repo name", "images hold", "add repository <name>{ that keeps <imagesN> images}", ""),
		t("repo name imagesN", "hold newest", "keep <imagesN> newest images in repository <name>", ""),
		t("repo imagesN", "hold newest", "keep <imagesN> newest images in the repository", ""),
	}
}

func logTemplates() []template {
	return []template{
		t("logs dur", "hold group after expire replay", "keep logs for <dur>", "logs"),
		t("logs minDur", "hold group", "keep logs for at least <minDur>", "logs"),
		t("logs maxDur", "hold group after expire", "keep logs for at most <maxDur>", "logs"),
		t("group dur", "hold logs", "keep logs for <dur>", "logs"),
		t("new group name", "", "add log group <name>", ""),
		t("loglevel level", "", "set setting log_level to <level>", ""),
		t("debug", "on", "set setting log_level to debug", ""),
	}
}

func streamTemplates() []template {
	return []template{
		t("shards num", "stream", "set all streams to <num> shards", "shards"),
		t("shards num name", "stream", "set the <name> stream to <num> shards", "shards"),
		t("double shards", "stream", "double all streams", "shards"),
		t("double stream", "", "double all streams", "shards"),
		t("triple stream", "shards", "triple all streams", "shards"),
		t("triple shards", "stream", "triple all streams", "shards"),
		t("halve shards", "stream", "halve all streams", "shards"),
		t("more shards num", "stream", "add <num> shards to the stream", "shards"),
		t("more shards", "stream", "add 1 shards to the stream", "shards"),
		t("by num up shards", "stream", "add <num> shards to the stream", "shards"),
		t("more shards num name", "stream", "add <num> shards to the <name> stream", "shards"),
		t("stream num", "", "set all streams to <num> shards", "shards"),
		t("more stream name shards num", "", "add stream <name> with <num> shards", ""),
		t("new stream name shards num", "", "add stream <name> with <num> shards", ""),
		t("new stream name", "", "add stream <name>", ""),
		t("more stream name shards num dur", "hold", "add stream <name> with <num> shards; keep records of the <name> stream for <dur>", ""),
		t("new stream name shards num dur", "hold", "add stream <name> with <num> shards; keep records of the <name> stream for <dur>", ""),
		t("stream dur", "hold replay", "keep records of all streams for <dur>", "stream"),
		t("stream replay maxDur", "", "keep records of all streams for <maxDur>", "stream"),
		t("stream dur name", "hold replay", "keep records of the <name> stream for <dur>", "stream"),
		t("stream minDur", "hold replay", "keep records of all streams for at least <minDur>", "stream"),
	}
}

func bucketTemplates() []template {
	return []template{
		t("old dur", "hold expire objects artifacts bucket after", "expire old versions in $buckets after <dur>", "old"),
		t("old minDur", "hold objects artifacts bucket", "keep old versions in $buckets for at least <minDur>", "old"),
		t("old maxDur", "hold objects artifacts bucket", "keep old versions in $buckets for at most <maxDur>", "old"),
		t("expire objects dur", "bucket after", "expire objects in $bucket after <dur>", "objects"),
		t("hold objects dur", "bucket", "keep objects in $bucket for <dur>", "objects"),
		t("expire bucket dur", "after objects", "expire objects in $bucket after <dur>", "objects"),
		t("forever objects", "bucket hold", "never expire objects in $bucket", ""),
		t("forever bucket hold", "", "never expire objects in $bucket", ""),
		t("infrequent objects dur", "bucket hold move after", "move objects in $bucket to infrequent access after <dur>", "objects"),
		t("infrequent bucket dur", "hold move after", "move objects in $bucket to infrequent access after <dur>", "objects"),
		t("archive objects dur", "bucket hold expire move after", "archive objects in $bucket after <dur>", "objects"),
		t("archive bucket dur", "hold move after", "archive objects in $bucket after <dur>", "objects"),
		t("new bucket name", "", "add bucket <name>", "objects"),
		t("new bucket name lock dur", "hold", "add bucket <name> with object lock{ in <mode> mode} for <dur>", ""),
	}
}

func edgeTemplates() []template {
	return []template{
		t("ttl dur", "cached hold", "set the dns ttl to <dur>", "ttl"),
		t("ttl dur stream", "cached hold", "set the dns ttl to <dur>", "ttl"),
		t("cache stream dur", "ttl", "set the dns ttl to <dur>", "ttl"),
		t("ttl num", "cached", "set the dns ttl to <num> seconds", "ttl"),
		t("health per dur", "interval", "check health every <dur>", "health"),
		t("health interval dur", "", "check health every <dur>", "health"),
		t("interval dur", "per", "check health every <dur>", "health"),
		t("failures num", "health after unhealthy before", "fail over after <num> failures", "failures"),
		t("health num unhealthy", "after failures before", "fail over after <num> failures", "failures"),
		t("health path", "", "set the health check path to <path>", "health"),
		t("health port num", "", "set the health check port to <num>", "health"),
		t("health ports", "", "set the health check port to <ports>", "health"),
		t("health path ports", "", "check health at <path> on port <ports>", "health"),
	}
}

func networkTemplates() []template {
	return []template{
		t("nat zone", "more net on gateway", "use one nat gateway per zone", "nat"),
		t("nat zone num", "net on gateway", "use <num> nat gateway per zone", "nat"),
		t("nat ha", "net on", "use one nat gateway per zone", "nat"),
		t("nat num", "net", "use <num> nat gateway", "nat"),
		t("nat num exactly", "net", "use <num> nat gateway", "nat"),
		t("nat stop", "", "turn off nat", "nat"),
		t("nat on", "", "enable nat", "nat"),
		t("zone num net", "", "set the number of zones to <num>", "zone"),
		t("isolated net", "new more", "make data subnets", ""),
		t("zone num", "", "set the number of zones to <num>", "zone"),
		t("dataSubs", "new more isolated net", "make data subnets", ""),
		t("flowlogs dur", "hold on net", "keep flow logs for <dur>", ""),
		t("flowlogs stop", "net", "turn off flow logs", ""),
		t("gwend s3", "more new traffic private net", "add a gateway endpoint for s3", ""),
		t("gwend dynamo", "more new traffic private net", "add a gateway endpoint for dynamodb", ""),
		t("ifend awssvc", "more new traffic private net", "add an interface endpoint for <awssvc>", ""),
		t("ifend keys", "more new", "add an interface endpoint for kms", ""),
	}
}

func ruleTemplates() []template {
	return []template{
		t("open ports cidr", "traffic reach", "open{ <proto>} port <ports> to <cidr>", ""),
		t("open service cidr", "traffic reach", "open <service> to <cidr>", ""),
		t("reach ports cidr", "traffic", "open{ <proto>} port <ports> to <cidr>", ""),
		t("reach service cidr", "traffic", "open <service> to <cidr>", ""),
		t("onlyFrom ports", "traffic reach open restrict", "let only <onlyFrom> reach{ <proto>} port <ports>", ""),
		t("onlyFrom service", "traffic reach open restrict", "let only <onlyFrom> reach <service>", ""),
		t("restrict ports cidr", "traffic reach", "restrict{ <proto>} port <ports> to <cidr>", ""),
		t("restrict service cidr", "traffic reach", "restrict <service> to <cidr>", ""),
		t("shut ports", "traffic reach", "close{ <proto>} port <ports>{ from <cidr>}", ""),
		t("shut service", "traffic reach", "close <service>{ from <cidr>}", ""),
		t("rule name ports cidr", "new more open traffic", "add ingress rule <name> for{ <proto>} ports <ports> from <cidr>", ""),
		t("open name ports cidr", "new more rule traffic", "add ingress rule <name> for{ <proto>} ports <ports> from <cidr>", ""),
	}
}

func keyTemplates() []template {
	return []template{
		t("keys rotate dur", "per", "rotate the keys every <dur>", "keys"),
		t("keys rotate min dur", "per", "rotate the keys at least every <dur>", "keys"),
		t("keys per dur", "", "rotate the keys every <dur>", "keys"),
		t("keys window dur", "hold", "set the key deletion window to <dur>", "window"),
		t("keywindow dur", "hold window keys", "set the key deletion window to <dur>", "keywindow"),
		t("secret window dur", "hold", "set the recovery window of the secret to <dur>", ""),
		t("session dur", "", "limit executor sessions to <dur>", "session"),
		t("session maxDur", "", "limit executor sessions to <maxDur>", "session"),
		t("grant role name action", "permits", "allow role <name> to call <action>", ""),
		t("grant role nodes action", "permits", "allow role node to call <action>", ""),
		t("open role name action", "permits", "allow role <name> to call <action>", ""),
		t("open role nodes action", "permits", "allow role node to call <action>", ""),
		t("strip role name action", "permits", "revoke <action> from role <name>", ""),
		t("strip role nodes action", "permits", "revoke <action> from role node", ""),
		t("fewer role nodes action", "permits", "revoke <action> from role node", ""),
		t("new role name principal action", "permits grant", "add role <name> for <principal> with <action>", ""),
	}
}

func watchTemplates() []template {
	return []template{
		t("analyzer", "on new", "enable the access analyzer", ""),
		t("analyzer stop", "", "disable the access analyzer", ""),
		t("cloudevts", "on new", "enable cloud events", ""),
		t("cloudevts stop", "", "disable cloud events", ""),
		t("guardduty", "on new threats", "enable guardduty", ""),
		t("guardduty stop", "", "disable guardduty", ""),
		t("guardduty findings dur", "on per interval", "publish guardduty findings every <dur>", ""),
		t("findings dur", "on per interval reach", "publish guardduty findings every <dur>", ""),
		t("trail", "on new", "enable cloudtrail", ""),
		t("trail dur", "on new hold", "keep cloudtrail logs for <dur>", ""),
		t("config", "on new", "enable aws config", ""),
		t("config dur", "on new hold", "keep aws config records for <dur>", ""),
		t("hub", "on new", "enable security hub", ""),
		t("hub stop", "", "disable security hub", ""),
		t("hub standard", "on new", "enable security hub with <standard>", ""),
		t("waf", "on new more", "enable waf", ""),
		t("waf above rate num", "on new more fivemin shut addresses", "set the waf rate limit to <num>", ""),
		t("waf rate num", "on new more fivemin", "set the waf rate limit to <num>", ""),
		t("waf rate maxN", "on new more fivemin", "set the waf rate limit to <maxN>", ""),
	}
}

func storeTemplates() []template {
	const class, size = "{ of type <cacheclass>}{ with <shardsN> shards}{ and <replicasN> replicas}", "dataSubs"
	return []template{
		t("new cache name", size, "add cache <name>"+class, ""),
		t("more cache name", size, "add cache <name>"+class, ""),
		t("cache name cacheclass", "move", "move cache <name> to <cacheclass>", ""),
		t("cache name replicasN", "", "give cache <name> <replicasN> replicas", ""),
		t("cache name shardsN", "", "give cache <name> <shardsN> shards", ""),
		t("cache name snapshots dur", "hold", "keep snapshots of cache <name> for <dur>", ""),
		t("new database name", size, "add database <name>{ of class <dbclass>}", ""),
		t("new database name dbclass num nodes", size, "add database <name> of class <dbclass> with <num> instances", ""),
		t("new database name num nodes", size, "add database <name> with <num> instances", ""),
		t("database name dbclass", "move", "move database <name> to <dbclass>", ""),
		t("database name backup dur", "hold", "keep backups of database <name> for <dur>", ""),
		t("database name pitr dur", "hold", "keep backups of database <name> for <dur>", ""),
		t("new secret name dur", "window after", "add secret <name> recoverable for <dur>", ""),
		t("new secret name", "", "add secret <name>", ""),
		t("secret name window dur", "hold", "set the recovery window of secret <name> to <dur>", ""),
		t("backup period", "datalayer hold on new", "back up the data <period>{ at <clock>}{ and keep backups for <dur>}", "backup"),
		t("backup dur", "datalayer hold new", "keep backups for <dur>", "backup"),
		t("backup on", "datalayer", "enable backups for the data", "backup"),
	}
}

// match says senses by the first template that takes all of them; topic stands in
// for a noun that they lack.
func (l *loose) match(senses []sense, topic string) (text, about string, ok bool) {
	senses, ok = directed(senses)
	if !ok {
		return "", "", false
	}
	for _, with := range [][]sense{senses, append(slices.Clone(senses), sense{kind: topic})} {
		if topic == "" && len(with) > len(senses) {
			break
		}
		for _, t := range l.templates {
			if text, ok := t.take(with); ok {
				return text, t.topic, true
			}
		}
	}
	return "", "", false
}

// directed drops what "raise" and "lower" say where the new value is said, too; false
// when they contradict what stands beside them, or when the value might be either the
// new one or the difference.
func directed(senses []sense) ([]sense, bool) {
	up, down, by := has(senses, "up"), has(senses, "down"), has(senses, "by")
	reaches := has(senses, "to") || slices.ContainsFunc(senses, func(s sense) bool {
		return strings.HasSuffix(s.kind, "N") && s.kind != "shardsN" || s.kind == "maxDur" || s.kind == "minDur"
	})
	drop := []string{"to"}
	switch {
	case up && down:
		return nil, false
	case by:
		return without(senses, drop), !reaches
	case down && (has(senses, "double") || has(senses, "triple") || has(senses, "factor")) || up && has(senses, "halve"):
		return nil, false
	case reaches || has(senses, "double") || has(senses, "triple") || has(senses, "halve") || has(senses, "factor"):
		drop = append(drop, "up", "down")
	}
	if reaches && has(senses, "to") {
		drop = append(drop, "fewer")
	}
	return without(senses, drop), true
}

func without(senses []sense, kinds []string) []sense {
	return slices.DeleteFunc(slices.Clone(senses), func(s sense) bool { return slices.Contains(kinds, s.kind) })
}

// take fills the template; false when it does not take exactly these senses.
func (t template) take(senses []sense) (string, bool) {
	left := slices.Clone(senses)
	text := t.text
	for _, kind := range t.needs {
		i := slices.IndexFunc(left, func(s sense) bool { return satisfies(s.kind, kind) })
		if i < 0 {
			return "", false
		}
		text = strings.ReplaceAll(text, "<"+kind+">", left[i].text)
		left = slices.Delete(left, i, i+1)
	}
	text, left = options(text, left)
	aims := strings.Contains(t.text, "$bucket")
	for _, s := range left {
		switch {
		case s.kind == "name" && aims:
			aims = false // it says which bucket
		case softKinds()[s.kind], s.kind == "only" && !has(senses, "cidr") && !has(senses, "onlyFrom"):
		case s.text != "" && isValue(s.kind), !slices.Contains(t.may, s.kind) && !slices.Contains(t.needs, s.kind):
			return "", false
		}
	}
	return text, true
}

// satisfies says that a kind is, or will do for, another.
func satisfies(kind, needed string) bool {
	return kind == needed || needed == "new" && kind == "some" || needed == "objects" && kind == "artifacts" || needed == "grant" && kind == "give" || needed == "per" && kind == "adj"
}

// options are the parts of a text in braces: those whose kind is among senses stay.
func options(text string, senses []sense) (string, []sense) {
	left := slices.Clone(senses)
	return optional.ReplaceAllStringFunc(text, func(part string) string {
		kind := optional.FindStringSubmatch(part)[2]
		i := slices.IndexFunc(left, func(s sense) bool { return s.kind == kind })
		if i < 0 {
			return ""
		}
		value := left[i].text
		left = slices.Delete(left, i, i+1)
		return strings.Replace(strings.Trim(part, "{}"), "<"+kind+">", value, 1)
	}), left
}

// optional is a part of a template in braces.
var optional = regexp.MustCompile(`\{([^{}<]*)<(\w+)>([^{}]*)\}`)

// isValue says that a kind has a value which must not be lost.
func isValue(kind string) bool {
	return slices.Contains([]string{
		"num", "pct", "dur", "size", "type", "cidr", "path", "name", "minN", "maxN", "exactlyN", "service", "ports", "cacheclass", "dbclass", "clock", "action",
		"proto", "period", "mode", "replicasN", "shardsN", "imagesN", "factor", "onlyFrom", "minDur", "maxDur", "awssvc", "standard", "level",
	}, kind)
}
