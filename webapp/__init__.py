"""The web application: accounts, datasets, prototypes, runs and the gallery of drawn networks."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
