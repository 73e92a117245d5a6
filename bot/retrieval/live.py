"""The index in use, swapped for a newer build without a restart and without a pause."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from bot.errors import YijuError
from bot.retrieval.loading import load_build
from bot.retrieval.search import LoadedIndex, Searcher, open_searcher
from bot.retrieval.store import current_build
from bot.settings import Settings

_log = logging.getLogger("yiju.index")


class LiveIndex:
    """Holds the current :class:`Searcher`; a thread watches ``CURRENT`` and loads a new build beside the old one."""

    def __init__(self, settings: Settings) -> None:
        """Load the current build now, then watch.

        Raises:
            IndexFormatError: there is no usable index.
        """
        self._settings = settings
        self._stop = threading.Event()
        self._refused: Path | None = None
        self.searcher = self._load(current_build(settings.index))
        self._thread = threading.Thread(target=self._watch, name="yiju-index", daemon=True)
        self._thread.start()

    def _load(self, folder: Path) -> Searcher:
        index: LoadedIndex = load_build(folder, self._settings.cache, self._settings.threads)
        return open_searcher(index, self._settings)

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.reload_seconds):
            self.refresh()

    def refresh(self) -> bool:
        """Switch to the current build if it is another one; keep the old one where the new cannot be used.

        Returns:
            Whether a new build was loaded.
        """
        try:
            folder = current_build(self._settings.index)
            if folder in (self.searcher.index.folder, self._refused):
                return False
        except YijuError:  # between two builds, or removed: what is loaded goes on
            return False
        try:
            self.searcher = self._load(folder)
        except (YijuError, OSError) as error:
            _log.error("新索引不能用，继续使用旧的:%s", error)
            self._refused = folder
            return False
        _log.info("已换用新索引 %s", folder.name)
        return True

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join(timeout=5)
