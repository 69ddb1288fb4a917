"""From a feature's rows to what readers see: stage → gate → publish. One run of a feature at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.stores.published import Publication
    from finops.stores.results import Results, ResultTable


@contextmanager
def running(settings: Settings, feature: str) -> Iterator[None]:
    """Hold the feature's workspace while the block runs, so that no other run's rows get lost between two.

    Raise Unavailable, which a retry can mend, when another run holds it for longer than ten minutes.
    """
    from finops.stores import workspaces
    from finops.transform.results import service

    with workspaces.holding(service.workspace(settings, feature)):
        yield


def publish(
    settings: Settings, feature: str, tables: Sequence[ResultTable], results: Results, made_of: str
) -> Publication:
    """Stage, check and publish the rows of a run; return the version.

    Raise Finding where the gate refuses them: readers then keep the results before.
    """
    from finops.quality.service import check_layer
    from finops.transform.damage import discarding_damage
    from finops.transform.results import service

    work = service.workspace(settings, feature)
    with running(settings, feature), discarding_damage(work):
        candidate = service.stage(work, tables, results, made_of)
        check_layer(work, candidate.build_id)
        return service.publish(work, candidate.build_id)


def is_up_to_date(settings: Settings, feature: str, made_of: Callable[[Publication], str]) -> bool:
    """Tell whether a feature's published results were made of what is published now."""
    from finops.transform.results import service

    version = service.require_published(settings)
    return service.made_of(version, feature) == made_of(version)
