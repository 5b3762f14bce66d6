"""Celery's way into the runs: working on what waits, taking back what was lost, and asking for devices."""

from celery import shared_task

from webapp.runs import devices
from webapp.runs.worker import leaving, worker_name

EVERY_S = 15  # how often beat sends `runs.reap`


@shared_task(name="runs.work")
def work() -> None:
    """Work on waiting runs, the oldest first, until none waits; a message is only a nudge to look."""
    from webapp.runs.claims import claim_next
    from webapp.runs.supervise import supervise

    while not leaving() and (claim := claim_next(worker_name())) is not None:
        supervise(claim, leaving=leaving)


@shared_task(name="runs.describe_devices")
def describe_devices() -> None:
    devices.describe_devices()


@shared_task(name="runs.reap")
def reap() -> None:
    """Take back runs and draws whose worker died, and nudge workers about whatever waits."""
    from webapp.gallery.claims import draws_wait, reap_draws
    from webapp.gallery.tasks import draw
    from webapp.runs.claims import reap_runs, runs_wait

    reap_runs()
    reap_draws()
    # A busy worker looks by itself when it is done: what it has not read by the next reaping may go.
    if runs_wait():
        work.apply_async(expires=EVERY_S)
    if draws_wait():
        draw.apply_async(expires=EVERY_S)
