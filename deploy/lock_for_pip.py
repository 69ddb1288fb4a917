"""Let pip before 23.3 install a locked requirement file: ``python deploy/lock_for_pip.py requirements.txt``.

Such a pip, which Python 3.11 and 3.12 bring along, takes ``name[extra]==1.0`` for another requirement than ``name``,
and refuses the one that is not there. Each package that is locked with extras is therefore listed without them, too.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def with_plain_names(text: str) -> str:
    """Return the requirements with, behind each that has extras, the same without them."""
    found: dict[str, None] = {}
    for block in re.split(r"\n(?=\S)", text.rstrip("\n")):
        found[block] = None
        found[re.sub(r"^([\w.-]+)\[[^\]]+\]", r"\1", block)] = None
    return "\n".join(found) + "\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_plain_names(path.read_text(encoding="utf-8")), encoding="utf-8")
