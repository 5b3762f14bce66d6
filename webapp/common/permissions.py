"""Who may do what: viewers read, editors write, admins manage; a token may do less than its user."""

from rest_framework.permissions import SAFE_METHODS, BasePermission

from webapp.accounts.models import ApiToken, Role
from webapp.accounts.queries import current_role, role_in


class _RoleForWrites(BasePermission):
    """Anyone signed in reads what they see; writing takes ``role`` in the workspace concerned."""

    role: Role

    def has_permission(self, request, view) -> bool:
        if not request.user.is_authenticated:
            return False
        if isinstance(request.auth, ApiToken):
            scope = "read" if request.method in SAFE_METHODS else "write"
            if not request.auth.allows(scope):
                self.message = f"This token lacks the scope {scope!r}; create one that has it."
                return False
        # A write without an object (a list's POST) concerns the current workspace.
        if request.method in SAFE_METHODS or view.kwargs:
            return True
        return self._enough(current_role(request))

    def has_object_permission(self, request, view, target) -> bool:
        if request.method in SAFE_METHODS:
            return True
        return self._enough(role_in(request.user, target.workspace_id))

    def _enough(self, role: Role | None) -> bool:
        self.message = f"Your role in this workspace is {role or 'none'}; this takes {self.role} or above."
        return role is not None and Role(role).rank >= self.role.rank


class IsEditorOrReadOnly(_RoleForWrites):
    role = Role.EDITOR


class IsAdminOrReadOnly(_RoleForWrites):
    role = Role.ADMIN
