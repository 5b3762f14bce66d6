"""What every view over rows of a workspace shares."""

from rest_framework.viewsets import GenericViewSet

from webapp.accounts.queries import current_workspace


class WorkspaceViewSet(GenericViewSet):
    """Lists show the current workspace; a row is found in any workspace that the user is in, else 404.

    Subclasses set ``queryset``; permissions are checked on the row by ``get_object``.
    """

    def get_queryset(self):
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        rows = rows.visible_to(self.request.user)
        if not self.detail:
            rows = rows.filter(workspace=current_workspace(self.request))
        return rows
