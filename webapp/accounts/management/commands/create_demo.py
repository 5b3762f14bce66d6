"""``manage.py create_demo``: the account and workspace that the embedded mode signs in."""

from django.core.management.base import BaseCommand

from webapp.accounts.actions import ensure_demo_account


class Command(BaseCommand):
    help = "Create the demo account and its workspace; does nothing where they exist."

    def handle(self, **options) -> None:
        user = ensure_demo_account()
        self.stdout.write(user.username)
