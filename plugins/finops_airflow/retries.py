"""Whether trying again can help is what the error says."""

from __future__ import annotations

from airflow.sdk import Context
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from finops.core.errors import FinopsError


class RetryIfItCanHelp(RetryPolicy):
    """Fail at once on an expected error that a person has to fix; leave every other to the task's retries.

    A truncated file or a failed gate is the same in ten minutes: three retries would only delay the news.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide by ``FinopsError.is_retryable``."""
        if isinstance(exception, FinopsError) and not exception.is_retryable:
            return RetryDecision.fail(reason=str(exception))
        return RetryDecision.default()
