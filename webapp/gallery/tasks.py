"""Celery's way into the gallery: drawing what waits."""

from celery import shared_task

from webapp.runs.worker import leaving


@shared_task(name="gallery.draw")
def draw() -> None:
    """Draw waiting networks, the oldest first, until none waits; a message is only a nudge to look."""
    from webapp.gallery.claims import claim_draws
    from webapp.gallery.draw import draw_claimed

    while not leaving() and (claim := claim_draws()) is not None:
        draw_claimed(claim, leaving=leaving)
