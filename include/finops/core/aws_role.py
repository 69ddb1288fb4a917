"""A role of AWS, taken by a session whose credentials renew themselves while a long listing runs."""

from __future__ import annotations

from typing import Any


def session_in(
    base: Any, role_arn: str, session_name: str, *, external_id: str | None = None, endpoint_url: str | None = None
) -> Any:
    """Return the ``boto3.Session`` of a role that ``base``, one too, takes. ``endpoint_url``: where STS is asked.

    Keys from one call of AssumeRole would end after an hour. ``session_name`` is what CloudTrail shows.
    """
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import get_session

    def sts(service: str, **options: Any) -> Any:
        return base.client(service, endpoint_url=endpoint_url, **options)

    arguments = {"RoleSessionName": session_name}
    if external_id:
        arguments["ExternalId"] = external_id
    fetcher = AssumeRoleCredentialFetcher(sts, base.get_credentials(), role_arn, extra_args=arguments)
    assumed = get_session()
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return boto3.Session(botocore_session=assumed, region_name=base.region_name)
