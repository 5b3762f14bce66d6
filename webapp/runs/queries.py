"""Every read about runs, always through what the user may see."""

from webapp.runs.models import Run, RunEvent

EVENTS_A_PAGE = 200
EVENTS_A_PAGE_MAX = 1000


def runs():
    """Runs with what their JSON needs."""
    return Run.objects.select_related("prototype", "dataset")


def visible_run(user, run_id) -> Run | None:
    """The run, if this user may see it."""
    return Run.objects.visible_to(user).filter(pk=run_id).first()


def events_after(run_id, after: int, limit: int) -> list[RunEvent]:
    """The next events of a run's log, in order; the caller has checked that the run may be seen."""
    return list(RunEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")[:limit])
