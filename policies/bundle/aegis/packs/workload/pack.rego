# METADATA
# title: Workloads
# description: What runs is hardened and maintained.
# schemas:
#   - input: schema.gate.input
package aegis.packs.workload

import data.aegis.lib

# METADATA
# title: Metadata without session tokens
# description: Instances ask for a session token before they give out credentials (IMDSv2), so that a tricked server can't fetch them.
# custom:
#   code: metadata_tokens_optional
#   severity: high
#   remediation: Set metadata_options.http_tokens to required.
#   controls: ["FSBP:AutoScaling.3", "FSBP:EC2.8", "FSBP:EC2.170", "CIS-3.0.0:5.6"]
deny contains lib.finding("metadata_tokens_optional", msg, c.address) if {
	some type in (lib.types & {"aws_instance", "aws_launch_configuration", "aws_launch_template"})
	some c in lib.by_type[type]
	not tokens_required(c.after)
	not lib.pending(c, "metadata_options")
	tokens_until_now(c)
	msg := sprintf("%s gives out credentials without a session token", [c.address])
}

# METADATA
# title: Tags of images can be moved
# description: A tag that can be pushed again names another image tomorrow.
# custom:
#   code: image_tags_mutable
#   severity: medium
#   remediation: Set image_tag_mutability to IMMUTABLE.
#   controls: ["FSBP:ECR.2"]
warn contains lib.finding("image_tags_mutable", msg, c.address) if {
	some c in lib.by_type.aws_ecr_repository
	not immutable(c.after)
	changes_from(c, immutable_before(c))
	msg := sprintf("%s lets tags be moved", [c.address])
}

# METADATA
# title: Images not scanned
# description: A repository scans what is pushed for known vulnerabilities.
# custom:
#   code: image_scanning_off
#   severity: medium
#   remediation: Turn scan_on_push on.
#   controls: ["FSBP:ECR.1"]
warn contains lib.finding("image_scanning_off", msg, c.address) if {
	some c in lib.by_type.aws_ecr_repository
	not scanned(c.after)
	changes_from(c, scanned_before(c))
	msg := sprintf("%s does not scan images", [c.address])
}

# METADATA
# title: Runtime that is no longer maintained
# description: A function runs on a runtime that still gets fixes.
# custom:
#   code: runtime_unsupported
#   severity: high
#   remediation: Move to a newer runtime.
#   controls: ["FSBP:Lambda.2"]
deny contains lib.finding("runtime_unsupported", msg, c.address) if {
	some c in lib.by_type.aws_lambda_function
	c.after.runtime in lib.settings.unsupported_runtimes
	not c.before.runtime == c.after.runtime
	msg := sprintf("%s would run on %s", [c.address, c.after.runtime])
}

# METADATA
# title: Kubernetes version that is no longer maintained
# description: A cluster runs a version that still gets fixes.
# custom:
#   code: kubernetes_unsupported
#   severity: high
#   remediation: Choose a newer version.
#   controls: ["FSBP:EKS.2"]
deny contains lib.finding("kubernetes_unsupported", msg, c.address) if {
	some c in lib.by_type.aws_eks_cluster
	not c.before.version == c.after.version
	[1, minor] = [to_number(n) | some n in split(c.after.version, ".")]
	minor < lib.settings.min_kubernetes_minor
	msg := sprintf("%s would run version %s; 1.%d is the least", [c.address, c.after.version, lib.settings.min_kubernetes_minor])
}

# METADATA
# title: Privileged container
# description: A privileged container is root on its host.
# custom:
#   code: privileged_container
#   severity: critical
#   remediation: Ask for the Linux capabilities that are needed.
#   controls: ["FSBP:ECS.4"]
deny contains lib.finding("privileged_container", msg, c.address) if {
	some c in lib.by_type.aws_ecs_task_definition
	some name in (privileged(c.after) - privileged(c.before))
	msg := sprintf("container %s of %s is privileged", [name, c.address])
}

# METADATA
# title: Minor fixes not applied
# description: Databases and caches take minor versions, which carry security fixes, by themselves.
# custom:
#   code: minor_upgrades_off
#   severity: medium
#   remediation: Turn auto_minor_version_upgrade on.
#   controls: ["FSBP:ElastiCache.2", "FSBP:RDS.13", "CIS-3.0.0:2.3.2"]
warn contains lib.finding("minor_upgrades_off", msg, c.address) if {
	some type in (lib.types & {"aws_db_instance", "aws_elasticache_replication_group", "aws_rds_cluster_instance"})
	some c in lib.by_type[type]
	some off in [false, "false"]
	lib.changed_to(c, "auto_minor_version_upgrade", off)
	msg := sprintf("%s would not take minor versions", [c.address])
}

# METADATA
# title: Group in one zone
# description: Instances of a group are spread over zones, so that one may fail.
# custom:
#   code: group_in_one_zone
#   severity: medium
#   remediation: Give the group subnets of two zones or more.
#   controls: ["FSBP:AutoScaling.2"]
warn contains lib.finding("group_in_one_zone", msg, c.address) if {
	some c in lib.by_type.aws_autoscaling_group
	c.action == "create"
	zones := array.concat(lib.attr(c.after, "vpc_zone_identifier"), lib.attr(c.after, "availability_zones"))
	count(zones) == 1
	lib.number(c.after.max_size) > 1
	msg := sprintf("all instances of %s are in one zone", [c.address])
}

tokens_required(attrs) if {
	some options in lib.attr(attrs, "metadata_options")
	options.http_tokens == "required"
}

tokens_required(attrs) if {
	some options in lib.attr(attrs, "metadata_options")
	options.http_endpoint == "disabled"
}

tokens_until_now(c) if c.action == "create"

tokens_until_now(c) if tokens_required(c.before)

# changes_from says that what is bad now was good, or was not.
changes_from(c, _) if c.action == "create"

changes_from(c, good) if {
	c.action != "create"
	good
}

default immutable_before(_) := false

immutable_before(c) if immutable(c.before)

immutable(attrs) if startswith(attrs.image_tag_mutability, "IMMUTABLE")

default scanned_before(_) := false

scanned_before(c) if scanned(c.before)

scanned(attrs) if {
	some s in lib.attr(attrs, "image_scanning_configuration")
	s.scan_on_push in lib.yes
}

default privileged(_) := set()

privileged(attrs) := {container.name |
	some container in json.unmarshal(attrs.container_definitions)
	container.privileged == true
} if {
	json.is_valid(attrs.container_definitions)
	is_array(json.unmarshal(attrs.container_definitions))
}
