"""A run's log over a socket: what came after the client's last event, then whatever comes.

One task reads the log in order and sends it; a hint from the channel layer only wakes it. Since ``seq`` is
allocated under the run's lock, reading what is above the last number sent misses and repeats nothing.
"""

import asyncio
import contextlib
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from webapp.runs import queries
from webapp.runs.hints import group_of

NOT_FOUND, BAD_REQUEST, SIGNED_OUT = 4404, 4400, 4401
PAGE = 500
#: Looked at again even without a hint, since hints may be lost; access is checked again then too.
LOOK_AGAIN_S = 10.0


class RunConsumer(AsyncJsonWebsocketConsumer):
    """Frames: ``{"type": "hello", "last_seq"}``, then ``{"type": "event", "event": {…}}`` by ``seq``."""

    pump: asyncio.Task | None = None

    async def connect(self) -> None:
        # Accepted even to be refused: only an open socket can say why it closes.
        await self.accept()
        after = parse_qs(self.scope["query_string"].decode()).get("after", ["0"])[0]
        if not after.isdecimal() or len(after) > 18:
            await self.close(BAD_REQUEST, "after must be the number of the last event that you have.")
            return
        if not self.scope["user"].is_authenticated:
            await self.close(SIGNED_OUT, "Sign in, or send Authorization: Bearer <token>.")
            return
        self.run_id = self.scope["url_route"]["kwargs"]["run_id"]
        self.hinted = asyncio.Event()
        # Listening starts before the first look, so that nothing can fall between them.
        await self.channel_layer.group_add(group_of(self.run_id), self.channel_name)
        run = await self._visible_run()
        if run is None:
            await self.close(NOT_FOUND, "There is no such run, or you are not in its workspace.")
            return
        await self.send_json({"type": "hello", "last_seq": run.last_seq})
        self.pump = asyncio.create_task(self._send_log(int(after)))

    async def disconnect(self, code: int) -> None:
        if self.pump is not None:
            self.pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.pump
        if hasattr(self, "run_id"):
            await self.channel_layer.group_discard(group_of(self.run_id), self.channel_name)

    async def run_changed(self, message: dict) -> None:
        """The channel layer's hint."""
        self.hinted.set()

    async def receive(self, text_data=None, bytes_data=None, **kwargs) -> None:
        """Clients have nothing to say here."""

    async def _send_log(self, after: int) -> None:
        while True:
            self.hinted.clear()
            while events := await database_sync_to_async(queries.events_after)(self.run_id, after, PAGE):
                for event in events:
                    await self.send_json({"type": "event", "event": event.as_json()})
                after = events[-1].seq
            try:
                await asyncio.wait_for(self.hinted.wait(), LOOK_AGAIN_S)
            except TimeoutError:
                if await self._visible_run() is None:
                    await self.close(NOT_FOUND, "This run is no longer yours to see.")
                    return

    async def _visible_run(self):
        return await database_sync_to_async(queries.visible_run)(self.scope["user"], self.run_id)
