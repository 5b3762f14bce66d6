"""Brings the embedded mode's database up to date and makes its demo account, in one process."""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    call_command("create_demo")


if __name__ == "__main__":
    main()
