"""What every row that belongs to a workspace shares, and the one way to ask which rows a user may see."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from webapp.accounts.models import Membership


class VisibleQuerySet(models.QuerySet):
    """Rows of workspaces; every read goes through ``visible_to``, every write through ``editable_by``."""

    def visible_to(self, user) -> Self:
        return self._of_workspaces(user, roles=("viewer", "editor", "admin"))

    def editable_by(self, user) -> Self:
        return self._of_workspaces(user, roles=("editor", "admin"))

    def _of_workspaces(self, user, *, roles: tuple[str, ...]) -> Self:
        if user is None or isinstance(user, AnonymousUser):
            return self.none()
        memberships = Membership.objects.filter(user=user, role__in=roles)
        return self.filter(workspace__in=memberships.values("workspace"))


class WorkspaceModel(models.Model):
    """A row that belongs to one workspace."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        abstract = True
