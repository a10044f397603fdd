# METADATA
# title: Rule packs
# description: |
#   Each pack is a package of its own below this one, with sets deny, warn and
#   require. The input of all of them, an operator's own included, is checked
#   against the schema.
# scope: subpackages
# schemas:
#   - input: schema.gate.input
package aegis.packs
