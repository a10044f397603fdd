package aegis.gate

# METADATA
# title: Region not configured
# description: Resources live in the configured regions only; global services have none.
# custom:
#   code: region_not_allowed
#   severity: high
#   remediation: Choose a configured region, or have an operator add this one.
deny contains finding("region_not_allowed", msg, c.address) if {
	some c in array.concat(changes, undo)
	not allowed_region(c.region)
	msg := sprintf("%s is in %s, which is not one of %s", [c.address, c.region, region_words])
}

deny contains finding("region_not_allowed", msg, "") if {
	some region in input.change_set.target.regions
	not allowed_region(region)
	msg := sprintf("the target names %s, which is not one of %s", [region, region_words])
}

allowed_region(region) if region in {"", "global", "aws-global"}

allowed_region(region) if region in input.regions

region_words := concat(", ", [r | some r in input.regions])
