package aegis.gate_test

import data.aegis.fixtures.base
import data.aegis.fixtures.delete
import data.aegis.fixtures.diff
import data.aegis.fixtures.required

test_requirements_add_up if {
	required(base) == {"canary": false, "soak_seconds": 5, "snapshot": false, "simulate": false}
	required(diff([delete("aws_subnet", {})])) == {"canary": false, "soak_seconds": 5, "snapshot": true, "simulate": false}
}
