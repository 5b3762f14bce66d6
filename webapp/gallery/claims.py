"""Who draws which networks: a worker claims a stretch of seeds that one engine command can draw."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from webapp.gallery.log import append_networks
from webapp.gallery.models import Network, NetworkState
from webapp.runs import events, limits
from webapp.runs.models import Run

AT_ONCE = 25


@dataclass(frozen=True)
class DrawClaim:
    """One worker's hold on the networks of consecutive seeds of one run, with the same budget and polish."""

    id: uuid.UUID
    run: Run
    asked_budget: float | None
    polish_s: float
    first_seed: int
    count: int


def draws_wait() -> bool:
    """Whether any network waits to be drawn."""
    return _waiting().exists()


def claim_draws() -> DrawClaim | None:
    """Claim the networks that have waited longest; None when none waits."""
    while (run_id := _waiting().order_by("created_at", "seed").values_list("run_id", flat=True).first()) is not None:
        if (claim := _claim_of(run_id)) is not None:
            return claim
    return None


@transaction.atomic
def _claim_of(run_id: uuid.UUID) -> DrawClaim | None:
    run = events.locked(run_id)  # one claimer at a time, so that a stretch stays in one piece
    first = _waiting().filter(run=run).order_by("created_at", "seed").first()
    if first is None:
        return None
    alike = {"polish_s": first.polish_s, "asked_budget": first.asked_budget}
    if first.asked_budget is None:
        alike = {"polish_s": first.polish_s, "asked_budget__isnull": True}
    waiting = set(
        _waiting()
        .filter(run=run, seed__gte=first.seed, seed__lt=first.seed + AT_ONCE, **alike)
        .values_list("seed", flat=True)
    )
    count = next(n for n in range(1, AT_ONCE + 1) if first.seed + n not in waiting)
    claim = DrawClaim(uuid.uuid4(), run, first.asked_budget, first.polish_s, first.seed, count)
    seeds = {"seed__gte": first.seed, "seed__lt": first.seed + count}
    _waiting().filter(run=run, **seeds, **alike).update(claim=claim.id, claim_expires_at=_expiry())
    return claim


def claimed(claim: DrawClaim):
    """The networks that the claim still holds."""
    return Network.objects.filter(claim=claim.id, state=NetworkState.DRAWING)


def heartbeat(claim: DrawClaim) -> bool:
    """Prolong the claim; False when nothing is left of it."""
    return claimed(claim).update(claim_expires_at=_expiry()) > 0


def release(claim: DrawClaim) -> None:
    """Give back what was not drawn, as nobody's fault."""
    claimed(claim).update(claim=None, claim_expires_at=None)


def reap_draws() -> int:
    """Take back the networks whose worker died; those that lost too many workers fail. Returns how many."""
    expired = Network.objects.filter(state=NetworkState.DRAWING, claim_expires_at__lt=timezone.now())
    run_ids = list(expired.order_by("run_id").values_list("run_id", flat=True).distinct())
    return sum(_reap_of(run_id) for run_id in run_ids)


@transaction.atomic
def _reap_of(run_id: uuid.UUID) -> int:
    run = events.locked(run_id)
    expired = list(run.networks.filter(state=NetworkState.DRAWING, claim_expires_at__lt=timezone.now()))
    for network in expired:
        network.claim = network.claim_expires_at = None
        network.tries += 1
        if network.tries >= limits.ATTEMPTS:
            network.state = NetworkState.FAILED
            network.problem_code = "lost"
            network.problem_message = f"Its worker was lost {network.tries} times; ask the operator."
    Network.objects.bulk_update(
        expired, ["state", "claim", "claim_expires_at", "tries", "problem_code", "problem_message"]
    )
    if failed := [network for network in expired if network.state == NetworkState.FAILED]:
        append_networks(run, failed)
    return len(expired)


def _waiting():
    return Network.objects.filter(state=NetworkState.DRAWING, claim__isnull=True)


def _expiry():
    return timezone.now() + timedelta(seconds=limits.LEASE_S)
