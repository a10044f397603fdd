# METADATA
# title: Network exposure
# description: Nothing is opened to the world unawares.
# schemas:
#   - input: schema.gate.input
package aegis.packs.network
