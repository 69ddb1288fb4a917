"""Find which of several things are at fault when they fail together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
F = TypeVar("F")


def find_faulty(items: Sequence[T], fault: F, check: Callable[[Sequence[T]], F | None]) -> list[tuple[T, F]]:
    """Return the items that fail by themselves, each with its own fault; none where only several together fail.

    ``items`` are known to fail together, with ``fault``. ``check`` tells what is wrong with some of them, or None. One
    faulty item of N takes about 2·log2(N) checks.
    """
    if len(items) == 1:
        return [(items[0], fault)]
    middle = len(items) // 2
    found = []
    for half in (items[:middle], items[middle:]):
        its_fault = check(half)
        if its_fault is not None:
            found += find_faulty(half, its_fault, check)
    return found
