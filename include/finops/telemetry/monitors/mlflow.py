"""An MLflow tracking server, by its REST API: runs as training runs, logged models and artifacts as checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import MlflowCheckpoints, MlflowRuns, MlflowSource
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.checkpoints import checkpoints
from finops.telemetry.monitors.http import Answer, Api, TooMuch
from finops.telemetry.monitors.runs import as_rows

_API = "/api/2.0/mlflow"
_PAGE = 500
"""Entries of one answer; a run with many metrics is large."""

MOST_PAGES = 10_000
"""Of one question."""

_EXPERIMENTS_AT_ONCE = 100

Entry = Mapping[str, Any]


class Mlflow:
    """One server, asked for one source."""

    def __init__(self, source: MlflowSource, login: HttpLogin | None = None) -> None:
        self._source = source
        self._login = login
        self._experiments: dict[str, str] | None = None

    def __enter__(self) -> Mlflow:
        self._api = Api(self._source, self._login)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        """Yield the runs that began on a day, or the checkpoints that were written on it, up to ``until``."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        source = self._source
        if isinstance(source, MlflowRuns):
            began = f"attributes.start_time >= {_millis(start)} AND attributes.start_time < {_millis(until)}"
            yield from as_rows(source, self.experiments, self.runs(began))
        elif isinstance(source, MlflowCheckpoints):
            yield from checkpoints(source, self, start, until)

    @property
    def experiments(self) -> dict[str, str]:
        """The names of the experiments that the source is about, by their ids."""
        if self._experiments is None:
            found = self.pages("POST", "/experiments/search", {"max_results": 1000}, "experiments")
            patterns = self._source.experiments
            self._experiments = {
                str(each["experiment_id"]): str(each.get("name", ""))
                for each in found
                if any(fnmatchcase(str(each.get("name", "")), pattern) for pattern in patterns)
            }
            if not self._experiments and patterns != ("*",):
                raise BadInput(
                    f"{self._api.name} has no experiment {', '.join(patterns)}; correct experiments of source "
                    f"{self._source.name}"
                )
        return self._experiments

    def runs(self, which: str) -> Iterator[Entry]:
        """Yield the runs of the experiments that a filter of MLflow's selects."""
        return self._of_experiments("/runs/search", which, "runs", {"order_by": ["attributes.start_time ASC"]})

    def models(self, start: datetime, until: datetime) -> Iterator[Entry]:
        """Yield the models that were logged in a time; a server before MLflow 3 has none."""
        which = f"creation_time >= {_millis(start)} AND creation_time < {_millis(until)}"
        return self._of_experiments("/logged-models/search", which, "models", {})

    def files(self, path: str, parameters: Mapping[str, str]) -> Iterator[Entry]:
        """Yield what a folder of artifacts holds."""
        return self.pages("GET", path, parameters, "files")

    def pages(self, method: str, path: str, request: Mapping[str, Any], key: str) -> Iterator[Entry]:
        """Yield the entries of an answer of many pages. Raise Unavailable when the pages repeat themselves."""
        token, seen = "", set()
        while token not in seen:
            seen.add(token)
            content = self._one(method, path, {**request, **({"page_token": token} if token else {})})
            entries = content.get(key, [])
            if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
                raise BadInput(f"{self._api.name} answers as no MLflow does; correct url of source {self._source.name}")
            yield from entries
            token = str(content.get("next_page_token") or "")
            if not token:
                return
            if len(seen) >= MOST_PAGES:
                raise BadInput(f"{self._api.name}: {path} has more than {MOST_PAGES:,} pages; name fewer experiments")
        raise Unavailable(f"{self._api.name}: the pages of {path} repeat themselves; the next run asks again")

    def _of_experiments(self, path: str, which: str, key: str, more: Mapping[str, Any]) -> Iterator[Entry]:
        ids = list(self.experiments)
        for first in range(0, len(ids), _EXPERIMENTS_AT_ONCE):
            some = ids[first : first + _EXPERIMENTS_AT_ONCE]
            yield from self.pages(
                "POST", path, {"experiment_ids": some, "filter": which, "max_results": _PAGE, **more}, key
            )

    def _one(self, method: str, path: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        body: dict[str, Any] = {"params": request} if method == "GET" else {"json": request}
        try:
            answer = self._api.ask(method, _API + path, **body)
        except TooMuch:
            raise BadInput(f"{self._api.name}: a page of {path} is too large; name fewer experiments") from None
        if answer.status < 300:
            return answer.content or {}
        if answer.status == 404 and path == "/logged-models/search":
            return {}
        raise self._refusal(path, answer)

    def _refusal(self, path: str, answer: Answer) -> BadInput | Unavailable:
        content = answer.content or {}
        says = shown(str(content.get("message") or f"status {answer.status}"), 300)
        if answer.status >= 500:
            return Unavailable(f"{self._api.name} failed at {path} ({says}); the next run asks again")
        return BadInput(f"{self._api.name} refuses {path}: {says}; correct url of source {self._source.name}")


def _millis(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
