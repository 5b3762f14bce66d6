"""A client of the REST API, small enough to copy: the standard library and a token are all it takes."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

direct = build_opener(ProxyHandler({}))


class Refused(Exception):
    """The API refused a request: its status, code and sentence."""


class Client:
    """Calls one site with one token; paths are relative to ``/api/v1/``."""

    def __init__(self, address: str, token: str):
        self.root, self.token = f"{address}/api/v1", token

    def get(self, path: str) -> Any:
        return json.loads(self.request("GET", path))

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return json.loads(self.request("POST", path, json.dumps(body).encode(), headers))

    def download(self, path: str) -> bytes:
        return self.request("GET", path)

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> bytes:
        """The body of a good answer. Raises Refused for any other."""
        common = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(f"{self.root}{path}", body, {**common, **(headers or {})}, method=method)
        try:
            with direct.open(request, timeout=60) as answer:
                return answer.read()
        except HTTPError as error:
            problem = error.read().decode("utf-8", "replace")
            raise Refused(f"{method} {path}: {error.code} {problem}") from None

    def events(self, run: str, after: int = 0, interval_s: float = 1.0) -> Iterator[dict[str, Any]]:
        """A run's events from ``after`` on, for ever: the log is read again every ``interval_s`` seconds."""
        while True:
            page = self.get(f"/runs/{run}/events/?after={after}")
            yield from page["results"]
            after = page["next_after"] or after
            if after >= page["last_seq"]:
                time.sleep(interval_s)
