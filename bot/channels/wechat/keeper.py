"""A thread that does something every so often, or at once when woken, and survives whatever goes wrong in it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.channels.errors import log_failure


class Keeper:
    """Runs ``step`` every ``seconds`` until stopped."""

    def __init__(self, name: str, seconds: float, step: Callable[[], None]) -> None:
        self._name, self._seconds, self._step = name, seconds, step
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=f"wechat-{self._name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Do the step now."""
        self._wake.set()

    def stop(self) -> None:
        """End after the step that is being done."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=15.0)

    @property
    def stopping(self) -> bool:
        """Tell whether the end was asked for."""
        return self._stop.is_set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._step()
            except Exception as error:
                log_failure(error, f"wechat {self._name}")
            self._wake.wait(self._seconds)
            self._wake.clear()
