"""The bounds of a run: what a request may ask for, and what its engine process is given."""

import os

from webapp.common import environment as env

# --- what a request may ask for ----------------------------------------------------------------------------
TIME_BUDGET_S = (1, 7 * 24 * 3600)
MAX_CYCLES = (1, 10_000)
SEED_MAX = 2**32 - 1
CONFIDENCE = (0.5, 0.999)
REQUIREMENTS_MAX = 12
DRAWS_AT_ONCE = 100
POLISH_S_MAX = 600

# --- the lease that a worker holds -------------------------------------------------------------------------
LEASE_S = 90
HEARTBEAT_S = 15
ATTEMPTS = 3

# --- the engine's process ----------------------------------------------------------------------------------
TICK_S = 1.0
STOP_GRACE_S = env.integer("FERMIFORGE_STOP_GRACE_S", 30)
WALL_MAX_S = env.integer("FERMIFORGE_RUN_WALL_MAX_S", 7 * 24 * 3600)


def memory_bytes() -> int:
    """What an engine may hold: ``FERMIFORGE_RUN_MEMORY_BYTES``, else nine tenths of what there is."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return env.integer("FERMIFORGE_RUN_MEMORY_BYTES", machine * 9 // 10)


def wall_s(time_budget_s: int | None) -> float:
    """How long one attempt may take before it counts as hung; the time budget bounds the search alone."""
    if time_budget_s is None:
        return WALL_MAX_S
    return min(WALL_MAX_S, 2 * time_budget_s + 3600)
