"""For all tests: generated examples have no time limit each, since a machine that is busy is no failure.

`HYPOTHESIS_PROFILE=thorough` looks at many more.
"""

import os

from hypothesis import settings

# Reports have test files of their own: they are read, not collected.
collect_ignore = ["reports"]

settings.register_profile("patient", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=4000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))
