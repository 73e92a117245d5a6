"""The server's end of a connection, which waits for the lines of a request only so long."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def hurried(seconds: float) -> type[H11Protocol]:
    """Return uvicorn's HTTP protocol, hanging up on who does not send a request's lines and headers in time.

    uvicorn itself limits the time between requests only: a client that sends its headers byte by byte would hold a
    connection for ever.
    """

    class Hurried(H11Protocol):
        """HTTP/1.1 with a clock."""

        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._late = self.loop.call_later(seconds, transport.abort)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop()  # a request is whole and being answered; its body has a clock of its own
            elif self._late is None:
                self._late = self.loop.call_later(seconds, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _stop(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Hurried
