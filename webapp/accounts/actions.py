"""Every write about accounts: workspaces, tokens, and the audit log that all other actions write to."""

import secrets
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from webapp.accounts.models import ApiToken, AuditEntry, Membership, Role, User, Workspace

DEMO_USERNAME = "demo"
DEMO_WORKSPACE = "Demo"


def record_audit(*, workspace: Workspace | None, user: User | None, action: str, target: models.Model, **details):
    """Write the audit row of an action; call it inside the action's transaction."""
    return AuditEntry.objects.create(
        workspace=workspace,
        user=user if user and user.is_authenticated else None,
        action=action,
        target_type=str(target._meta.model_name),
        target_id=str(target.pk),
        details=details,
    )


@transaction.atomic
def create_workspace(*, name: str, owner: User) -> Workspace:
    """A workspace with its owner as admin, the built-in dataset and the zoo's prototypes."""
    from webapp.datasets.actions import add_builtin_datasets
    from webapp.prototypes.actions import add_zoo
    from webapp.runs.devices import resume_devices

    workspace = Workspace.objects.create(name=name)
    Membership.objects.create(workspace=workspace, user=owner, role=Role.ADMIN)
    add_builtin_datasets(workspace=workspace)
    add_zoo(workspace=workspace)
    transaction.on_commit(resume_devices)
    record_audit(workspace=workspace, user=owner, action="workspace.create", target=workspace, name=name)
    return workspace


@transaction.atomic
def ensure_demo_account() -> User:
    """The account that the embedded mode signs in, with a workspace of its own."""
    user, created = User.objects.get_or_create(username=DEMO_USERNAME)
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    if not user.memberships.exists():
        create_workspace(name=DEMO_WORKSPACE, owner=user)
    return user


@transaction.atomic
def create_token(
    *, user: User, name: str, scopes: list[str] | None = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token's row, and the token itself, which can't be shown again."""
    token = f"ff_{secrets.token_urlsafe(32)}"
    row = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=token[:8],
        digest=ApiToken.digest_of(token),
        scopes=sorted(set(scopes or ApiToken.SCOPES)),
        expires_at=expires_at,
    )
    record_audit(workspace=None, user=user, action="token.create", target=row, name=name, scopes=row.scopes)
    return row, token


@transaction.atomic
def delete_token(*, token: ApiToken, user: User) -> None:
    record_audit(workspace=None, user=user, action="token.delete", target=token, name=token.name)
    token.delete()


def note_token_use(token: ApiToken) -> None:
    """Remember roughly when a token was last used, writing at most once a minute."""
    now = timezone.now()
    stale = models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - timedelta(minutes=1))
    if token.last_used_at is None or token.last_used_at < now - timedelta(minutes=1):
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
