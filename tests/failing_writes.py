"""A disk that is full at the n-th write: every file that Python creates, links, renames or opens for writing counts."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITES = ("os.rename", "os.link", "os.mkdir", "os.symlink")


@dataclass
class _Disk:
    """``left`` writes below ``root`` go well, by this thread; the next one does not. None: all do."""

    root: str = ""
    left: int | None = None
    thread: int = 0


_disk = _Disk()


def _count(event: str, args: tuple[Any, ...]) -> None:
    if _disk.left is None or threading.get_ident() != _disk.thread:
        return
    if event == "open":
        path, _, flags = args
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event in _WRITES:
        path = args[0] if event == "os.mkdir" else args[1]
    else:
        return
    if not isinstance(path, str | os.PathLike) or not os.fspath(path).startswith(_disk.root):
        return
    if _disk.left == 0:
        _disk.left = None
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
    _disk.left -= 1


_installed: list[bool] = []


@contextmanager
def failing_after(writes: int, root: Path) -> Iterator[_Disk]:
    """Let so many writes below ``root`` go well inside the block; once one has failed, ``left`` is None."""
    if not _installed:
        # It cannot be taken away again; outside of this block it does nothing.
        sys.addaudithook(_count)
        _installed.append(True)
    _disk.root, _disk.left, _disk.thread = str(root), writes, threading.get_ident()
    try:
        yield _disk
    finally:
        _disk.left = None
