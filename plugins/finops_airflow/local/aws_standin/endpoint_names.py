"""Names of SageMaker's endpoints: found in any letters, as AWS does, while the ARN has small ones alone.

So a bill, which has the ARN, does not know how the name is written; Application Auto Scaling takes it only so.
"""

from __future__ import annotations

from typing import Any

from moto.sagemaker import models


class _AnyLetters(dict[str, Any]):
    """Endpoints by name, found by another spelling too."""

    def __missing__(self, name: str) -> Any:
        for known, each in self.items():
            if known.casefold() == name.casefold():
                return each
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return an endpoint."""
        try:
            return self[name]
        except KeyError:
            return default


def know() -> None:
    """Let moto do so, in this process."""
    made, arn_of = models.SageMakerModelBackend.__init__, models.FakeEndpoint.arn_formatter

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        self.endpoints = _AnyLetters()

    models.SageMakerModelBackend.__init__ = make  # type: ignore[method-assign]

    def name_of(endpoint_name: str, account_id: str, region_name: str) -> str:
        return arn_of(endpoint_name.lower(), account_id, region_name)

    models.FakeEndpoint.arn_formatter = staticmethod(name_of)  # type: ignore[method-assign]
