"""Who is signed in without a password: in embedded mode, whoever sits at this machine.

The address alone is not enough: a page on another site may point its own name at 127.0.0.1, and a proxy on
this machine passes strangers on. So the name asked for must be loopback's too, and nothing may be forwarded.
"""

import ipaddress

from django.conf import settings

from webapp.accounts.actions import DEMO_USERNAME
from webapp.accounts.models import User

LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]", "::1"}
FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def local_user(*, address: str | None, headers) -> User | None:
    """The demo account for a request from this machine, else None.

    Args:
        address: The peer's address.
        headers: Mapping of lower-case names to values.
    """
    if not settings.EMBEDDED or not _is_loopback(address):
        return None
    if any(name in headers for name in FORWARDING_HEADERS):
        return None
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name.lower() not in LOOPBACK_NAMES:
        return None
    return User.objects.filter(username=DEMO_USERNAME, is_active=True).first()


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
