"""The gallery's tests start from runs."""

from tests.webapp.runs.fixtures import *  # noqa: F403
