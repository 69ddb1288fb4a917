"""Errors that say what to do, what the shell should hear, and whether a retry can help."""

from __future__ import annotations

from finops.core.redaction import redact


class FinopsError(Exception):
    """An expected failure. Its text is one line that names the file, column, value and remedy, and holds no secret.

    ``exit_status`` is the command's: 2 for bad use or input, 1 for a finding. ``is_retryable`` tells a
    scheduler whether the same call can succeed later without anybody doing something.
    """

    exit_status = 2
    is_retryable = False
    has_own_event = False
    """Whether what is told of its cause is an event of its own, so that the failure of the task need not be one too."""

    def __init__(self, text: str = "") -> None:
        super().__init__(redact(text))


class BadInput(FinopsError):
    """A file, value, option or configuration that cannot be used as it is."""


class NotOffered(BadInput):
    """A source that has no delivery of the billing period it was asked for."""


class Finding(FinopsError):
    """The work was done and found something that must not pass: a failed gate, a difference."""

    exit_status = 1


class Superseded(Finding):
    """The work was done, and a newer build has taken its place: nothing is left to do for this one."""


class NotReady(FinopsError):
    """Something that is still to come: a manifest not yet written, a month not yet landed."""

    is_retryable = True


class Unavailable(FinopsError):
    """A service or store that did not answer, or is busy, after bounded retries."""

    is_retryable = True
