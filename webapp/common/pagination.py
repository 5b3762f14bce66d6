"""Lists are paged by cursor: pages stay right while rows are added, and cost the same however deep."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """``{next, previous, results}``, newest first unless the view says otherwise."""

    ordering = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
