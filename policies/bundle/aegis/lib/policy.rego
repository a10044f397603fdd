package aegis.lib

# statements reads a policy document, which is JSON text or an object.
default statements(_) := []

statements(policy) := attr(json.unmarshal(policy), "Statement") if {
	is_string(policy)
	json.is_valid(policy)
	is_object(json.unmarshal(policy))
}

statements(policy) := attr(policy, "Statement") if is_object(policy)

# allows are the statements of a policy that allow something.
allows(policy) := [s | some s in statements(policy); s.Effect == "Allow"]

# anyone says that a statement lets everyone in, on no condition.
anyone(statement) if {
	statement.Effect == "Allow"
	not filled(statement, "Condition")
	statement.Principal == "*"
}

anyone(statement) if {
	statement.Effect == "Allow"
	not filled(statement, "Condition")
	"*" in items(statement.Principal.AWS)
}

every_resource(statement) if {
	some resource in attr(statement, "Resource")
	is_string(resource)
	regex.match(`^([*]+|arn:[^:]*:[^:]*:[*]?:[*]?:[*]+)$`, resource)
}

every_resource(statement) if statement.NotResource

# grants_action says that a statement's actions cover one, such as
# "iam:PassRole". IAM compares without case, with * and ? as wildcards.
grants_action(statement, action) if {
	some pattern in attr(statement, "Action")
	is_string(pattern)
	covers(lower(pattern), lower(action))
}

covers(pattern, action) if pattern == action

covers(pattern, action) if {
	regex.match(`[*?]`, pattern)
	glob.match(glob_of(pattern), [], action)
}

# In glob, [ and { mean more than in IAM.
glob_of(pattern) := replace(replace(pattern, "[", "\\["), "{", "\\{")
