"""What dbt says of the marts, for the comments that BI tools show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from finops.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The descriptions in the yml beside each model, by model and column."""

    models: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, settings: Settings) -> Descriptions:
        """Read them from the dbt project. Without one at hand the tables are served without comments."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted((settings.dbt_dir / "models").glob("marts/**/*.yml")):
            for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
                found[model["name"]] = model
        return cls(found)

    def table(self, model: str) -> str | None:
        """Return a model's description, on one line."""
        return _on_one_line(self.models.get(model, {}))

    def column(self, model: str, column: str) -> str | None:
        """Return a column's description, on one line."""
        columns = self.models.get(model, {}).get("columns", [])
        return next((_on_one_line(each) for each in columns if each["name"] == column), None)


def _on_one_line(entry: dict[str, Any]) -> str | None:
    return " ".join(entry["description"].split()) if entry.get("description") else None
