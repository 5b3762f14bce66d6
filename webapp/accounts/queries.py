"""Reads about who is asking: their workspaces, the current one, and their role in it."""

import uuid

from webapp.accounts.models import ApiToken, Membership, Role, Workspace
from webapp.common.errors import Problem


def memberships_of(user) -> list[Membership]:
    """The user's memberships with their workspaces, oldest first."""
    if not user.is_authenticated:
        return []
    return list(Membership.objects.filter(user=user).select_related("workspace").order_by("created_at", "workspace_id"))


def current_membership(request, *, lenient: bool = False) -> Membership | None:
    """The membership for the header ``X-Workspace``, or the user's first; looked up once for a request.

    Args:
        lenient: Take the first, too, where the header names a workspace that the user is not in.
    """
    request = getattr(request, "_request", request)
    if hasattr(request, "_membership"):
        return request._membership
    memberships = memberships_of(request.user)
    wanted = request.headers.get("X-Workspace")
    if wanted:
        named = [entry for entry in memberships if str(entry.workspace_id) == _canonical(wanted)]
        memberships = named or (memberships if lenient else [])
        if not memberships and not lenient:
            raise Problem(404, "workspace_not_found", "The header X-Workspace names no workspace that you are in.")
    request._membership = memberships[0] if memberships else None
    return request._membership


def current_workspace(request) -> Workspace:
    """The workspace that a list or a creation concerns."""
    membership = current_membership(request)
    if membership is None:
        raise Problem(403, "no_workspace", "You are in no workspace yet; ask an administrator to add you to one.")
    return membership.workspace


def current_role(request) -> Role | None:
    membership = current_membership(request)
    return Role(membership.role) if membership else None


def role_in(user, workspace_id: uuid.UUID) -> Role | None:
    role = Membership.objects.filter(user=user, workspace_id=workspace_id).values_list("role", flat=True).first()
    return Role(role) if role else None


def tokens_of(user):
    return ApiToken.objects.filter(user=user)


def _canonical(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text
