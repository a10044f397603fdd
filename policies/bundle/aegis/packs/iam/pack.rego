# METADATA
# title: IAM widening
# description: Nobody gets more than is needed, least of all everything.
# schemas:
#   - input: schema.gate.input
package aegis.packs.iam
