package agent

import (
	"maps"
	"slices"
	"strings"
)

// softKinds are kinds that change nothing of what a sentence means.
func softKinds() map[string]bool {
	return map[string]bool{"soft": true, "s3": true, "to": true, "some": true, "modeword": true, "standword": true, "give": true, "adj": true, "label": true}
}

// fillers are words that say nothing to the loose reader: the sentence means the
// same without them. Words that deny, allow for a condition, compare or widen are none.
func fillers() wordSet {
	return wordsOf(`the a an our my your its their his this that these those we i you they it us them there here
		to of in on at for from with by as so into over up down out per each every all both back
		be is are was were been being am do does did have has had having will would shall should must can could may might ought
		need needs needed want wants wanted like get gets give gives given put puts bring brings take takes set sets setting run runs running
		make makes start starts started move switch switched change changed use used using uses adjust tune update modify configure
		please pls plz kindly just now today tonight already still again then also too even really actually currently current asap
		who what where how many much any one's own number count amount size value total existing default
		region regions moved about roughly approximately i'd we'd i'm we're they're it's that's scale scales autoscales autoscale itself themselves row
		autoscaling completely entirely serves go goes enough suffice suffices time times average last lasts lasting long longer
		let level ensure sure year's from's apiece respectively dns aws ec2 route cloudwatch
		days' thanks thx hi hello hey team folks straight immediately always permanently throughout across via whole entire full fully
		within onwards forward henceforth onward together simply well right worth its resized sized upgraded upgrade i'll we'll would've
		it'll they'll let's lets live happen everywhere amounting totalling having there's here's which stuff ones plus comes come
		cna reside sit ready wise nice great lovely ideal better best bit hover hovers people earlier later sooner protect guard blocks making fine okay ok good able stick hit perfect point kind sort autopilot swap swapped endpoint endpoints region's estate fleet's runtime's service's workload layer's data's`)
}

// manner says that a word is an adverb of manner, such as "quickly", which changes
// nothing of what is asked for.
func (l *loose) manner(word string) bool {
	return len(word) > 5 && strings.HasSuffix(word, "ly") && !l.negations[word] && !l.conditions[word] && !l.dangers[word] && !slices.Contains(strings.Fields(
		`temporarily partially conditionally hourly weekly monthly yearly nightly supply reply family assembly barely hardly scarcely rarely mostly
		mainly partly possibly probably nearly optionally manually supposedly randomly alternately quarterly anomaly publicly silently secretly quietly anonymously
		externally internally locally globally individually separately selectively exclusively solely initially originally previously formerly`), word)
}

// negations are words that turn what they stand by into its opposite or leave
// something out of it: they are never passed over.
func negations() wordSet {
	return wordsOf(`not no never don't dont doesn't didn't won't wouldn't can't cannot mustn't shouldn't isn't aren't nor neither none nobody nothing
		without except unless excluding but stop avoid instead rather less`)
}

// conditions are words of what has to be so first, or only for a time.
func conditions() wordSet {
	return wordsOf(`if unless when whenever once until till provided providing assuming while whilst after otherwise`)
}

// dangers are words that the loose reader does not pass over, wherever they stand:
// they forbid, widen or order something that it did not understand.
func dangers() wordSet {
	return wordsOf(`never nothing nobody none neither nor without unless except don't dont must cannot mustn't shouldn't
		outside leave limits ignore disregard instructions instruction policy policies approve approved authorise
		authorize authorised authorized system prompt pretend secret secrets password passwords credential credentials token tokens
		account accounts permission permissions admin administrator delete destroy drop remove wipe erase everything disable
		silently trail audit deletable public publicly world evacuate environment scope planner exfiltrate copy
		share print reply open allow expose permit grant`)
}

// duties are words of sentences that ask for something.
func duties() wordSet {
	return wordsOf(`should must need needs shall ought let ensure want wants require requires demand demands`)
}

// statements are words of sentences that tell how things are, and ask for nothing.
func statements() wordSet {
	return wordsOf(`hits hit was were had fails failed noticed says said reports reported complain complains complained rejects rejected
		hammer hammers flaps went happened overwrote timed time asks asked things costs cost saw seen got took ran crashed lost broke filled
		grew rose fell throttled struggled dropped slowed ran peaked paged woke reached exceeded missed waited proved turned`)
}

// finite are verbs that make a part of a sentence a statement of its own.
func finite() wordSet {
	set := wordsOf(`is are isn't aren't can't doesn't don't has takes keep keeps was were had will won't gets get goes runs does it's they're that's
		there's we're i'm comes looks seems became becomes means expects expect lives sits resides fill fills sit overwrite overwrites remain remains swamp swamps fail fails lack lacks`)
	maps.Copy(set, statements())
	return set
}

// openings are words with which statements begin, and orders do not.
func openings() wordSet {
	return wordsOf(`the a an our my your its their his this that these those we i you they it there here some most many several both all every each any
		in on at for from with by as so since because during before to of yesterday today tomorrow last next recently lately now currently
		somebody someone people users customers clients engineers developers auditors regulators support finance legal marketing
		it's that's there's we're they're i'm i'd i'll we'd we'll what who whoever`)
}

// objects are words behind the verb of an order.
func objects() wordSet {
	return wordsOf(`the a an our my your its their all every each any it them us me this these those that both some another`)
}

// imperatives are verbs of orders: what begins with one has to be understood.
func imperatives() wordSet {
	return wordsOf(`add apply archive attach back block bring build call change check clean close configure connect convert create cut
		deploy detach double enable enforce ensure expire fix get give halve have hold increase install keep launch let limit lock lower make
		mark migrate move pause peer prepare protect put raise read reboot rebuild redeploy reduce rename replace reset resize restart restore
		restrict retain retire revoke roll rotate run save scale send set shift shorten shrink shut spread start stop store switch take
		terminate throw turn unlock update upgrade use write encrypt decrypt patch audit tag label scan notify alert monitor test verify
		validate investigate review purge empty drain expand harden isolate quarantine snapshot schedule tune trim triple bump
		activate deactivate disable allow deny permit grant expose publish import export sync replicate disconnect decommission
		provision register deregister report record log trace track measure analyse analyze optimise optimize consolidate merge split
		extend lengthen lift push pull pin unpin cap downgrade rightsize spin stand bring tear kill drop delete remove destroy
		pick choose decide find see look ask tell show list print forward redirect point balance cache invalidate flush`)
}

// things are the kinds of the estate's things.
func things() wordSet {
	set := wordSet{}
	for _, part := range []map[string][]string{nodeWords(), dataWords(), edgeWords(), networkWords(), securityWords(), storeWords()} {
		for kind := range part {
			set[kind] = true
		}
	}
	return set
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
