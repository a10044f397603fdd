package agent

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// portRange is a range of ports, with the protocol and the service's name
// when the text gave them.
type portRange struct {
	from, to       int
	protocol, name string
}

// slots reads the values of slots.
type slots struct{ atlas atlas }

// read implements reader. A mark reads nothing and says which phrasing fitted.
func (s slots) read(kind string, tokens []token) []slotValue {
	if kind == "mark" {
		return []slotValue{{true, 0}}
	}
	if len(tokens) == 0 {
		return nil
	}
	switch kind {
	case "count":
		return once(parseCount(tokens))
	case "percent":
		return once(parsePercent(tokens))
	case "duration":
		return once(parseDuration(tokens))
	case "size":
		return once(parseSize(tokens))
	case "factor":
		return once(parseFactor(tokens))
	case "money":
		return once(parseMoney(tokens))
	case "regions":
		return once(s.atlas.list(tokens))
	case "ports":
		return once(parsePorts(tokens))
	case "nat":
		return once(parseNAT(tokens))
	case "multiple":
		return once(parseMultiple(tokens[0]))
	case "deadline":
		return once(parseMoment(tokens))
	case "clock":
		return once(parseClock(tokens))
	case "actions":
		return parseActions(tokens)
	case "names":
		return parseNames(tokens)
	default:
		return single(kind, tokens[0])
	}
}

func once[T any](value T, taken int) []slotValue {
	if taken == 0 {
		return nil
	}
	return []slotValue{{value, taken}}
}

// parseMultiple reads verbs that multiply.
func parseMultiple(t token) (factor float64, taken int) {
	factor, ok := map[string]float64{
		"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "halve": 0.5, "half": 0.5,
	}[t.word]
	if !ok {
		return 0, 0
	}
	return factor, 1
}

// parseNAT reads a NAT mode.
func parseNAT(tokens []token) (mode string, taken int) {
	for _, m := range []struct{ words, mode string }{
		{"per zone", "per_zone"},
		{"per availability zone", "per_zone"},
		{"per az", "per_zone"},
		{"per-zone", "per_zone"},
		{"per_zone", "per_zone"},
		{"in each zone", "per_zone"},
		{"in every zone", "per_zone"},
		{"one per zone", "per_zone"},
		{"highly available", "per_zone"},
		{"single", "single"},
		{"one", "single"},
		{"none", "none"},
		{"off", "none"},
	} {
		if n := begins(tokens, strings.Fields(m.words)); n > taken {
			mode, taken = m.mode, n
		}
	}
	return mode, taken
}

// single reads kinds of one token.
func single(kind string, t token) []slotValue {
	value, ok := "", false
	switch kind {
	case "name":
		value, ok = name(t)
	case "fresh":
		value, ok = name(t)
		ok = ok && (t.quoted() || !slices.Contains(sortWords(), t.word))
	case "cacheclass", "dbclass":
		value, ok = t.word, serverClass(kind, t.word)
	case "principal":
		value, ok = principal(t.word)
	case "service":
		value, ok = awsService(t.word)
	case "period":
		value, ok = t.word, slices.Contains([]string{"day", "daily", "night", "nightly", "week", "weekly"}, t.word)
	case "standard":
		value, ok = standard(t.word)
	case "mode":
		value, ok = t.word, t.word == "governance" || t.word == "compliance"
	case "value":
		value, ok = t.raw, !t.sep
	case "cidr":
		value, ok = cidr(t)
	case "type":
		value, ok = t.word, instanceType(t.word)
	case "action":
		value, ok = t.raw, !t.sep && strings.Count(t.raw, ":") == 1
	case "path":
		value, ok = t.raw, strings.HasPrefix(t.raw, "/")
	case "protocol":
		value, ok = t.word, t.word == "tcp" || t.word == "udp"
	case "gateway":
		value, ok = t.word, t.word == "s3" || t.word == "dynamodb"
	case "layer":
		value, ok = t.word, slices.Contains(layerNames(), t.word)
	case "risk":
		value, ok = t.word, t.word == "low" || t.word == "medium" || t.word == "high"
	case "everyone":
		value, ok = t.word, t.word == "all" || t.word == "every" || t.word == "each"
	case "pair":
		value, ok = t.raw, !t.sep && strings.Index(t.raw, "=") > 0
	}
	if !ok {
		return nil
	}
	return []slotValue{{value, 1}}
}

// name reads a name that a person chose; words of the grammar are none unless
// they are quoted.
func name(t token) (string, bool) {
	if t.sep || t.raw == "" || len(t.raw) > 200 || !t.quoted() && slices.Contains(grammarWords(), t.word) {
		return "", false
	}
	return t.raw, !strings.ContainsFunc(t.raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

func grammarWords() []string {
	return []string{
		"to", "of", "in", "for", "from", "with", "by", "at", "on", "as", "is", "be", "all", "every", "each", "any", "after",
		"between", "log", "logs", "group", "groups", "stream", "streams", "bucket", "buckets", "shard", "shards", "setting",
		"settings", "parameter", "parameters", "role", "roles", "port", "ports", "rule", "rules", "not", "never", "no",
	}
}

// sortWords tell of which sort a new thing is: they are no names unless quoted.
func sortWords() []string {
	return strings.Fields("new redis valkey elasticache dynamodb aurora postgres postgresql kinesis s3 ecr another extra more second third shared " +
		"small big large cache caches table tables secret secrets database databases db repository repositories repo it them one this that " +
		"these those there here please and or if when only with without named called single dead object data workload lock iam subnets subnet")
}

// serverClass says that a word has the form of "cache.t4g.small" or "db.r6g.large".
func serverClass(kind, word string) bool {
	prefix := map[string]string{"cacheclass": "cache.", "dbclass": "db."}[kind]
	rest, ok := strings.CutPrefix(word, prefix)
	return ok && instanceType(rest)
}

// principal is the service that assumes a role.
func principal(word string) (string, bool) {
	if strings.HasSuffix(word, ".amazonaws.com") {
		return word, true
	}
	service, ok := map[string]string{
		"lambda": "lambda", "lambdas": "lambda", "ec2": "ec2", "ecs": "ecs-tasks", "backup": "backup", "events": "events", "eventbridge": "events",
		"sns": "sns", "states": "states", "glue": "glue", "codebuild": "codebuild",
	}[word]
	return service + ".amazonaws.com", ok
}

// standard is one of Security Hub, the newest version of what people call it.
func standard(word string) (string, bool) {
	full, ok := map[string]string{
		"cis": "cis-aws-foundations-benchmark/3.0.0", "nist": "nist-800-53/5.0.0", "nist-800-53": "nist-800-53/5.0.0", "pci": "pci-dss/4.0.1",
		"pci-dss": "pci-dss/4.0.1", "fsbp": bestPractices, "tagging": "aws-resource-tagging-standard/1.0.0",
	}[word]
	return full, ok
}

// awsService is a service with an interface endpoint, by the name in its address.
func awsService(word string) (string, bool) {
	service, ok := map[string]string{
		"kms": "kms", "sts": "sts", "logs": "logs", "cloudwatch": "monitoring", "ssm": "ssm", "sqs": "sqs", "sns": "sns", "kinesis": "kinesis-streams",
		"secretsmanager": "secretsmanager", "secrets-manager": "secretsmanager", "ecr.api": "ecr.api", "ecr.dkr": "ecr.dkr", "events": "events",
		"ec2": "ec2", "eventbridge": "events", "lambda": "lambda", "kinesis-streams": "kinesis-streams", "monitoring": "monitoring",
		"ssmmessages": "ssmmessages", "ec2messages": "ec2messages",
	}[word]
	return service, ok
}

// parseActions reads IAM actions joined by commas and "and", longest list first.
func parseActions(tokens []token) (readings []slotValue) {
	var actions []string
	for i := 0; i < len(tokens); {
		if tokens[i].sep || strings.Count(tokens[i].raw, ":") != 1 {
			break
		}
		actions = append(actions, tokens[i].raw)
		i++
		readings = append(readings, slotValue{slices.Clone(actions), i})
		gap := i
		for gap < len(tokens) && tokens[gap].sep {
			gap++
		}
		if gap == i {
			break
		}
		i = gap
	}
	slices.Reverse(readings)
	return readings
}

// parseNames reads names joined by commas and "and", longest list first.
func parseNames(tokens []token) (readings []slotValue) {
	var names []string
	for i := 0; i < len(tokens); {
		n, ok := name(tokens[i])
		if !ok {
			break
		}
		i++
		names = append(names, n)
		readings = append(readings, slotValue{slices.Clone(names), i})
		gap := i
		for gap < len(tokens) && tokens[gap].sep {
			gap++
		}
		if gap == i {
			break
		}
		i = gap
	}
	slices.Reverse(readings)
	return readings
}

// cidr reads an IPv4 or IPv6 range, an address, or a word for everyone.
func cidr(t token) (string, bool) {
	switch t.word {
	case "anywhere", "everyone", "everybody", "anyone", "anybody", "internet", "world", "public":
		return world, true
	}
	if prefix, err := netip.ParsePrefix(t.word); err == nil {
		return prefix.String(), true
	}
	if address, err := netip.ParseAddr(t.word); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address, address.BitLen()).String(), true
	}
	return "", false
}

// world is everyone's address range.
const world = "0.0.0.0/0"

// parsePorts reads "443", "443/tcp", "8000-8100", "8000 to 8100" and names of
// services such as "ssh".
func parsePorts(tokens []token) (ports portRange, taken int) {
	word, protocol, _ := strings.Cut(tokens[0].word, "/")
	if protocol != "" && protocol != "tcp" && protocol != "udp" {
		return portRange{}, 0
	}
	if port := servicePort(word); port > 0 {
		return portRange{from: port, to: port, protocol: protocol, name: word}, 1
	}
	low, high, isRange := strings.Cut(word, "-")
	from, ok := digits(low)
	if !ok {
		return portRange{}, 0
	}
	if !isRange {
		if len(tokens) > 2 && slices.Contains([]string{"to", "through"}, tokens[1].word) {
			if to, ok := digits(tokens[2].word); ok {
				return portRange{from: from, to: to, protocol: protocol}, 3
			}
		}
		return portRange{from: from, to: from, protocol: protocol}, 1
	}
	to, ok := digits(high)
	if !ok {
		return portRange{}, 0
	}
	return portRange{from: from, to: to, protocol: protocol}, 1
}

func servicePort(name string) int {
	return map[string]int{
		"ssh": 22, "telnet": 23, "smtp": 25, "dns": 53, "http": 80, "https": 443, "mysql": 3306, "rdp": 3389,
		"postgres": 5432, "postgresql": 5432, "redis": 6379, "elasticsearch": 9200, "mongodb": 27017,
	}[name]
}

// instanceType says that a word has the form of "m7g.large".
func instanceType(word string) bool {
	family, size, ok := strings.Cut(word, ".")
	allowed := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' }
	return ok && family != "" && size != "" && unicode.IsLetter(rune(family[0])) && strings.ContainsFunc(family, unicode.IsDigit) &&
		!strings.ContainsFunc(family+size, func(r rune) bool { return !allowed(r) })
}
