"""The Celery application: two queues, so that checks and draws never wait behind a synthesis.

A message is only a nudge to look at the database; acknowledged early, since a lost or doubled nudge changes
nothing: rows are claimed by compare-and-set, and the beat schedule looks again at what was missed.
"""

import os

from celery import Celery
from kombu import Queue

from webapp.common import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

# Only the supervision of a synthesis occupies the queue `runs`; every other task goes to `work`.
TASK_ROUTES = {
    "runs.work": {"queue": "runs"},
}

BEAT_SCHEDULE: dict[str, dict] = {
    "look again at unfinished checks": {"task": "common.resume_checks", "schedule": 60.0},
    "take back what dead workers held": {"task": "runs.reap", "schedule": 15.0, "options": {"expires": 15.0}},
}

app = Celery("fermiforge")
app.conf.update(
    broker_url=environment.redis_url(),
    broker_connection_retry_on_startup=True,
    # A request that can't reach the broker must not hang: its row is saved, and beat finds it later.
    broker_transport_options={"socket_connect_timeout": 2, "max_retries": 1, "interval_start": 0},
    task_ignore_result=True,
    task_default_queue="work",
    task_queues=[Queue("runs"), Queue("work")],
    task_routes=TASK_ROUTES,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule=BEAT_SCHEDULE,
)
app.autodiscover_tasks()
