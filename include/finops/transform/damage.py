"""Damaged files that are derived: a warehouse goes, so that the next build makes it again; views are written again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finops.core.locks import exclusive
from finops.core.machine import Damaged, of_database, one_line_errors
from finops.core.settings import Settings
from finops.stores import published, published_database, workspaces

logger = logging.getLogger(__name__)


def opens(path: Path) -> bool:
    """Tell whether a DuckDB file is there and can be opened; one that another process has open is taken as whole."""
    import duckdb

    if not path.is_file():
        return False
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        return not isinstance(of_database(str(error)), Damaged)
    return True


@contextmanager
def discarding_damage(settings: Settings) -> Iterator[None]:
    """Raise what goes wrong with the machine as one line; where a file of the workspace is damaged, its warehouse goes.

    The next build finds none and makes it again from what has landed. Nothing that was published is touched.
    """
    try:
        with one_line_errors(settings):
            yield
    except Damaged as error:
        if error.path is not None and error.path.is_relative_to(settings.warehouse_dir):
            with workspaces.holding(settings):
                settings.warehouse_path.unlink(missing_ok=True)
        raise


def mend_views(settings: Settings) -> None:
    """Write the current version's ``finops.duckdb`` again where it is gone or damaged; its Parquet has every row."""
    path = published.current_folder(settings)
    if path is None:
        return
    version = published.open_version(path)
    # The release before kept the rows themselves in the file.
    if "columns" in version.manifest and not opens(version.database):
        logger.warning("%s was gone or damaged and is written again", version.database)
        with exclusive(settings, workspaces.PUBLISHED):
            published_database.write(version)
