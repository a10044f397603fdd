"""Python imports this module at its start."""

import clock  # noqa: F401
import peering  # noqa: F401
