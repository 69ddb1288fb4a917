"""Sources of type ``mlflow``: which experiments, and which tag or parameter of a run holds what."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry, Text
from finops.policy.telemetry.asked import ColumnSource, HttpSource

_OF_A_RUN = re.compile(r"(?:tags|params|metrics)\..+|experiment|run_name")


def _of_a_run(column: ColumnSource) -> ColumnSource:
    if column.from_name is not None and not _OF_A_RUN.fullmatch(column.from_name):
        raise ValueError("from must be tags.NAME, params.NAME, metrics.NAME, experiment or run_name")
    return column


OfARun = Annotated[ColumnSource, AfterValidator(_of_a_run)]


class RunColumns(Entry):
    """Where a run says what it is; without ``provider`` and ``resource_id`` no bill knows it."""

    provider: OfARun
    resource_id: OfARun = Field(
        default=ColumnSource.model_validate("tags.resource_id"),
        description="One resource or several, separated by commas or spaces: a row each.",
    )
    model: OfARun = ColumnSource.model_validate("tags.ai-model")
    model_version: OfARun = ColumnSource.model_validate("tags.ai-model-version")
    stage: OfARun = ColumnSource.model_validate({"from": "tags.stage", "value": "training"})
    gpu_count: OfARun = Field(
        default=ColumnSource.model_validate("params.gpu_count"),
        description="GPUs of each resource; without it the GPUs of MLflow's system metrics are counted.",
    )
    epochs: OfARun | None = None
    pipeline: OfARun = ColumnSource.model_validate("tags.pipeline")


class MlflowSource(HttpSource):
    """An MLflow tracking server."""

    type: Literal["mlflow"]
    experiments: tuple[Text, ...] = Field(
        default=("*",), min_length=1, description="Names of experiments, * for any text."
    )


class MlflowRuns(MlflowSource):
    """Runs, by the day on which they began."""

    kind: Literal[TelemetryKind.TRAINING_RUNS]
    columns: RunColumns


class MlflowCheckpoints(MlflowSource):
    """Logged models, and artifacts of runs, by the day on which they were written."""

    kind: Literal[TelemetryKind.CHECKPOINTS]
    artifacts: tuple[Text, ...] = Field(
        default=("checkpoints/*",),
        description="Files and folders of a run that are a checkpoint each; * within a name.",
    )
    step_metric: Text | None = Field(
        default=None,
        description="Metric whose values say when the step in a checkpoint's name was; else its run's end is taken.",
    )
