"""Every write that a user makes about networks: asking for draws."""

from django.db import transaction

from webapp.accounts.actions import record_audit
from webapp.accounts.models import User
from webapp.common import nudge
from webapp.common.errors import Problem
from webapp.gallery import log
from webapp.gallery.models import Network
from webapp.gallery.queries import networks, next_seed
from webapp.runs import events
from webapp.runs.limits import SEED_MAX
from webapp.runs.models import Run


@transaction.atomic
def draw_networks(
    *,
    run: Run,
    user: User,
    seed: int | None = None,
    budget: float | None = None,
    count: int = 1,
    polish_s: float = 0.0,
) -> list[Network]:
    """Ask for the networks of ``count`` seeds; those asked for before are answered with their rows.

    Args:
        run: A run that has a generator.
        seed: The first seed; by default the next that was never drawn from this run.
        budget: In [0, 1]; by default the best of the certified range.
        polish_s: Seconds of distillation after each draw.

    Raises:
        Problem: The run has no generator, or the seeds leave their range.
    """
    run = events.locked(run.pk)  # two requests at once get different next seeds
    if not run.drawable:
        message = f"Networks can be drawn once the run has completed; this one is {run.state}."
        raise Problem(409, "run_not_drawable", message)
    first = next_seed(run) if seed is None else seed
    if first + count - 1 > SEED_MAX:
        raise Problem(400, "out_of_range", f"seed + count must stay at or below {SEED_MAX}.", "/seed")
    seeds = range(first, first + count)
    recipe = {"asked_budget": budget, "polish_s": polish_s}
    same = {"asked_budget__isnull": True, "polish_s": polish_s} if budget is None else recipe
    asked = networks().filter(run=run, seed__in=seeds, **same)
    known = set(asked.values_list("seed", flat=True))
    new = [
        Network(run=run, workspace_id=run.workspace_id, created_by=user, seed=each, budget=budget, **recipe)
        for each in seeds
        if each not in known
    ]
    if new:
        Network.objects.bulk_create(new)
        record_audit(
            workspace=run.workspace,
            user=user,
            action="network.draw",
            target=run,
            seeds=[n.seed for n in new],
            **recipe,
        )
        log.append_networks(run, new)
        nudge.on_commit("gallery.draw")
    return list(asked.order_by("seed"))
