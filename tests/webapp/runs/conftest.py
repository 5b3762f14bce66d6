"""Fixtures of the runs' tests; the gallery's use them too."""

from tests.webapp.runs.fixtures import *  # noqa: F403
