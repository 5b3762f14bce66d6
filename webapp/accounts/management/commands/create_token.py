"""``manage.py create_token``: print an API token, alone on stdout so that a script can keep it."""

from django.core.management.base import BaseCommand, CommandError

from webapp.accounts.actions import DEMO_USERNAME, create_token
from webapp.accounts.models import ApiToken, User


class Command(BaseCommand):
    help = "Create an API token for a user and print it; it can't be shown again."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--user", default=DEMO_USERNAME, help="user name (default: %(default)s)")
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--scope", action="append", choices=ApiToken.SCOPES, help="default: all scopes")

    def handle(self, *, user: str, name: str, scope: list[str] | None, **options) -> None:
        owner = User.objects.filter(username=user).first()
        if owner is None:
            raise CommandError(f"There is no user {user!r}; create one with createsuperuser or create_demo.")
        _, token = create_token(user=owner, name=name, scopes=scope)
        self.stdout.write(token)
