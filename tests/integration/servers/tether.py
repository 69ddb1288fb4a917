"""Servers that end with the process that has started them, however that one ends: no killed test run leaves one behind.

Run as a program it lays the tether and becomes the server, so there is no process between the two. The kernel holds it
(Linux; elsewhere a server ends when it is told to). It is laid by the thread that starts the server: that is the one
that must live on.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str | Path],
    *,
    end_by: signal.Signals = signal.SIGKILL,
    user: pwd.struct_passwd | None = None,
    **options: Any,
) -> subprocess.Popen[Any]:
    """Start a server, as ``user`` if one is given; it gets the signal ``end_by`` when this process ends."""
    uid, gid = (user.pw_uid, user.pw_gid) if user else (os.getuid(), os.getgid())
    launcher = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(end_by)), str(uid), str(gid)]
    return subprocess.Popen([*launcher, *map(str, command)], **options)


def _become(starter: int, end_by: int, uid: int, gid: int, command: Sequence[str]) -> None:
    lay = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    if uid != os.getuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if lay:
        lay(_PR_SET_PDEATHSIG, end_by)  # After the user has changed: that would undo it.
        if os.getppid() != starter:
            sys.exit("whoever has started this has ended")
    os.execvp(command[0], command)


if __name__ == "__main__":
    _become(*map(int, sys.argv[1:5]), sys.argv[5:])
