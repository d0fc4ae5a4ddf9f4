"""A big remote object as a file: fetched in pieces, a few of them in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

# Objects up to this size are fetched whole; AWS's own are smaller.
WHOLE_BYTES = 16 << 20
_PIECE_BYTES = 8 << 20


class RangedFile(io.RawIOBase):
    """A seekable file of `size_bytes` over `fetch(start, end)`, which gives the bytes of a range.

    The piece being read and the next one are in memory. What `fetch` raises comes out of `read`.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size_bytes: int) -> None:
        self._fetch = fetch
        self._size = size_bytes
        self._position = 0
        self._pool = ThreadPoolExecutor(1, "piece")
        self._pieces: dict[int, Future[bytes]] = {}
        if size_bytes:
            self._piece(0)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Sets where the next read begins."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fills the buffer as far as the piece at hand goes; 0 at the end."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._position >= self._size or not view:
            return 0
        number, offset = divmod(self._position, _PIECE_BYTES)
        content = self._piece(number).result()[offset : offset + len(view)]
        view[: len(content)] = content
        self._position += len(content)
        return len(content)

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, fewer only at the end: readers take a short answer for the end."""
        wanted = self._size - self._position if size is None or size < 0 else size
        parts = []
        while wanted > 0:
            part = super().read(min(wanted, _PIECE_BYTES))
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Lets go of the pieces."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pieces.clear()
        super().close()

    def _piece(self, number: int) -> Future[bytes]:
        """The piece of that number; the next one is fetched meanwhile, others are let go."""
        for wanted in (number, number + 1):
            start = wanted * _PIECE_BYTES
            if wanted not in self._pieces and start < self._size:
                end = min(start + _PIECE_BYTES, self._size)
                self._pieces[wanted] = self._pool.submit(self._fetch, start, end)
        self._pieces = {n: self._pieces[n] for n in (number, number + 1) if n in self._pieces}
        return self._pieces[number]
