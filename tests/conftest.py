"""For all tests: generated examples have no time limit, since a machine that is busy is no failure.

`HYPOTHESIS_PROFILE=thorough` looks at many more.
"""

import os

from hypothesis import HealthCheck, settings

# Reports have test files of their own: they are read, not collected.
collect_ignore = ["reports"]

_NO_FAILURES = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)

settings.register_profile("patient", deadline=None, print_blob=True, suppress_health_check=_NO_FAILURES)
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=4000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))
