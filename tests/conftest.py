"""For all tests: generated examples have no time limit each, since a machine that is busy is no failure."""

from hypothesis import settings

settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")
