"""Whether the site truly answers: its health, its page, and the script that the page needs."""

import re
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

SCRIPT = re.compile(rb'<script[^>]+src="([^"]+)"')
direct = build_opener(ProxyHandler({}))  # a proxy for the world is not for this machine


def page_answers(address: str) -> bool:
    """Whether a browser that opens ``address`` now gets a working page."""
    try:
        get(f"{address}/healthz")
        page = get(f"{address}/")
        script = SCRIPT.search(page)
        return script is None or bool(get(address + script.group(1).decode()))
    except (OSError, HTTPException):
        return False


def get(url: str) -> bytes:
    """The body of a good answer. Raises OSError for any other."""
    with direct.open(url, timeout=10) as answer:
        return answer.read()
