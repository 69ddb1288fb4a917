"""What is to be done so that a cloud's budgets are those of ``budgets.yml``. Only budgets with our prefix are ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from finops.budgets.mirror.express import wanted
from finops.budgets.mirror.models import Dialect, Found, Step, Wanted, What
from finops.policy.budgets import Line, Mirror


def steps(
    mirror: Mirror,
    dialect: Dialect,
    lines: Iterable[Line],
    tags: Mapping[str, str],
    there: Sequence[Found],
    today: date,
) -> list[Step]:
    """Return a step for each budget that should be there, each of ours that is, and each of others."""
    ours: dict[str, list[Found]] = {}
    for each in there:
        if each.name.startswith(mirror.prefix):
            ours.setdefault(each.name, []).append(each)
    found: list[Step] = []
    for line in lines:
        should, why = wanted(line, mirror, dialect, tags, today)
        if should is None:
            found.append(Step(What.LEFT_OUT, line.id, "", "; ".join(why)))
            continue
        mine = ours.pop(should.name, [])
        found.append(_of_wanted(should, mine[0] if mine else None, dialect))
        found.extend(Step(What.REMOVE, line.id, each.name, "it is there twice", found=each) for each in mine[1:])
    for some in ours.values():
        found.extend(
            Step(What.REMOVE, "", each.name, "budgets.yml has nothing to be there under this name", found=each)
            for each in some
        )
    return [*found, *_foreign(mirror, there)]


def _of_wanted(should: Wanted, there: Found | None, dialect: Dialect) -> Step:
    notes = "; ".join(should.notes)
    if there is None or there.terms is None:
        return Step(What.CREATE, should.budget, should.name, notes, should)
    now, wish = dialect.comparable(there.terms), dialect.comparable(should.terms)
    if other := wish.differences(now):
        return Step(What.UPDATE, should.budget, should.name, f"changed: {', '.join(other)}", should, there)
    return Step(What.UNCHANGED, should.budget, should.name, notes, should, there)


def _foreign(mirror: Mirror, there: Iterable[Found]) -> Iterator[Step]:
    for each in there:
        if not each.name.startswith(mirror.prefix):
            yield Step(What.FOREIGN, "", each.name, "not ours; never touched", found=each)
