"""Python imports this module at its start."""

import clock  # noqa: F401
import keys  # noqa: F401
import peering  # noqa: F401
import replicated_secrets  # noqa: F401
import spare  # noqa: F401
import templates  # noqa: F401
