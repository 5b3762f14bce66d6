"""Who uses the site: users, workspaces and their roles, API tokens, the audit log."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
