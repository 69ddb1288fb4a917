"""What actions reach a cloud with: one object per account, subscription or project, whose clients are made when asked.

Without a Connection each SDK's default chain gives the login; an account of AWS can name the role that it then takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, Protocol

from finops.core import aws_role
from finops.core.errors import BadInput
from finops.policy.rightsizing import Account, RightsizingPolicy
from finops.rightsizing.models import Target

_EVERYTHING = "https://www.googleapis.com/auth/cloud-platform"
_CALL_SECONDS = 60
"""A call has failed when it takes longer; far less than the lease of an action."""


class Clients(Protocol):
    """The clients of each account. Raise BadInput for one that is not configured."""

    def aws(self, account: str) -> Any:
        """Return an ``AwsAccount``."""

    def azure(self, subscription: str) -> Any:
        """Return an ``AzureSubscription``."""

    def gcp(self, project: str) -> Any:
        """Return a ``GcpProject``."""


def client_of(clients: Clients, target: Target) -> Any:
    """Return the client of the account that a resource is in."""
    makers: Mapping[str, Callable[[str], Any]] = {"aws": clients.aws, "azure": clients.azure, "gcp": clients.gcp}
    if target.provider not in makers:
        raise BadInput(f"nothing can be done to resources of {target.provider}; known are {', '.join(makers)}")
    return makers[target.provider](target.account)


class AwsAccount:
    """An account of AWS. ``session`` is a ``boto3.Session``; None: the default chain's.

    ``organization`` gives the account through which AWS Organizations is asked; without one it is asked by itself.
    """

    def __init__(
        self,
        session: Any = None,
        *,
        role_arn: str | None = None,
        external_id: str | None = None,
        organization: Callable[[], AwsAccount] | None = None,
    ) -> None:
        self._given, self._role_arn, self._external_id = session, role_arn, external_id
        self._organization = organization
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region. It tries nothing twice by itself: the engine does."""
        if service == "organizations" and self._organization is not None:
            return self._organization().client(service, region)
        if (service, region) not in self._clients:
            from botocore.config import Config

            config = Config(
                connect_timeout=10, read_timeout=_CALL_SECONDS, retries={"mode": "standard", "total_max_attempts": 1}
            )
            self._clients[service, region] = self._session.client(service, region_name=region, config=config)
        return self._clients[service, region]

    @cached_property
    def _session(self) -> Any:
        import boto3

        base = self._given or boto3.Session()
        if not self._role_arn:
            return base
        return aws_role.session_in(base, self._role_arn, "finops-rightsizing", external_id=self._external_id)


class AzureSubscription:
    """A subscription of Azure. ``credential`` is one of azure-identity; None: the default chain."""

    def __init__(self, subscription: str, credential: Any = None) -> None:
        self.subscription, self._given = subscription, credential

    @cached_property
    def compute(self) -> Any:
        """Machines, disks, snapshots and scale sets."""
        from azure.mgmt.compute import ComputeManagementClient

        return ComputeManagementClient(self._credential, self.subscription, retry_total=0, read_timeout=_CALL_SECONDS)

    @cached_property
    def storage(self) -> Any:
        """Storage accounts and their management policies."""
        from azure.mgmt.storage import StorageManagementClient

        return StorageManagementClient(self._credential, self.subscription, retry_total=0, read_timeout=_CALL_SECONDS)

    @cached_property
    def _credential(self) -> Any:
        from azure.identity import DefaultAzureCredential

        return self._given or DefaultAzureCredential()


class GcpProject:
    """A project of Google. ``credentials`` are those of google-auth; None: the default chain."""

    quotas_url = "https://cloudquotas.googleapis.com"
    projects_url = "https://cloudresourcemanager.googleapis.com"
    vertex_url = "https://{region}-aiplatform.googleapis.com"
    """An endpoint is asked for in its own region."""

    def __init__(self, project: str, credentials: Any = None) -> None:
        self.project, self._credentials = project, credentials

    @cached_property
    def instances(self) -> Any:
        """Machines."""
        from google.cloud import compute_v1

        return compute_v1.InstancesClient(credentials=self._credentials)

    @cached_property
    def disks(self) -> Any:
        """Disks of zones."""
        from google.cloud import compute_v1

        return compute_v1.DisksClient(credentials=self._credentials)

    @cached_property
    def snapshots(self) -> Any:
        """Snapshots of disks."""
        from google.cloud import compute_v1

        return compute_v1.SnapshotsClient(credentials=self._credentials)

    @cached_property
    def instance_group_managers(self) -> Any:
        """Managed groups of machines in a zone."""
        from google.cloud import compute_v1

        return compute_v1.InstanceGroupManagersClient(credentials=self._credentials)

    @cached_property
    def autoscalers(self) -> Any:
        """What scales managed groups."""
        from google.cloud import compute_v1

        return compute_v1.AutoscalersClient(credentials=self._credentials)

    @cached_property
    def machine_types(self) -> Any:
        """Types of machines, by zone."""
        from google.cloud import compute_v1

        return compute_v1.MachineTypesClient(credentials=self._credentials)

    @cached_property
    def resource_policies(self) -> Any:
        """Schedules of machines, by region."""
        from google.cloud import compute_v1

        return compute_v1.ResourcePoliciesClient(credentials=self._credentials)

    @cached_property
    def security_policies(self) -> Any:
        """Policies of Cloud Armor that hold everywhere."""
        from google.cloud import compute_v1

        return compute_v1.SecurityPoliciesClient(credentials=self._credentials)

    @cached_property
    def zone_operations(self) -> Any:
        """Changes that are under way in a zone."""
        from google.cloud import compute_v1

        return compute_v1.ZoneOperationsClient(credentials=self._credentials)

    @cached_property
    def storage(self) -> Any:
        """Buckets."""
        from google.cloud.storage import Client

        return Client(project=self.project, credentials=self._credentials)

    @cached_property
    def http(self) -> Any:
        """What sends requests with the login, to APIs without a client here."""
        import google.auth
        from google.auth.transport.requests import AuthorizedSession

        credentials = self._credentials or google.auth.default(scopes=[_EVERYTHING])[0]
        return AuthorizedSession(google.auth.credentials.with_scopes_if_required(credentials, [_EVERYTHING]))


class ConfiguredClients:
    """The clients of the accounts in ``rightsizing.yml``.

    ``logins`` gives the session, or the credentials, of an account that names an Airflow Connection.
    """

    def __init__(self, policy: RightsizingPolicy, logins: Callable[[Account], Any] = lambda _: None) -> None:
        self._policy, self._logins = policy, logins
        self._made: dict[tuple[str, str], Any] = {}

    def aws(self, account: str) -> AwsAccount:
        """Return an account of AWS."""

        def make(entry: Account) -> AwsAccount:
            return AwsAccount(
                self._login(entry),
                role_arn=entry.role_arn,
                external_id=entry.external_id,
                organization=partial(self.aws, entry.organization) if entry.organization else None,
            )

        return self._of("aws", account, make)

    def azure(self, subscription: str) -> AzureSubscription:
        """Return a subscription of Azure."""
        return self._of("azure", subscription, lambda entry: AzureSubscription(entry.id, self._login(entry)))

    def gcp(self, project: str) -> GcpProject:
        """Return a project of Google."""
        return self._of("gcp", project, lambda entry: GcpProject(entry.id, self._login(entry)))

    def _of(self, provider: str, ident: str, make: Callable[[Account], Any]) -> Any:
        if (provider, ident) not in self._made:
            entry = self._policy.account(provider, ident)
            if entry is None:
                raise BadInput(f"rightsizing.yml: accounts has no {provider} {ident}; add it to let actions reach it")
            self._made[provider, ident] = make(entry)
        return self._made[provider, ident]

    def _login(self, entry: Account) -> Any:
        login = self._logins(entry)
        if entry.connection is not None and login is None:
            raise BadInput(
                f"rightsizing.yml: {entry.provider} {entry.id} names the Airflow Connection {entry.connection!r}: "
                "only a task can read it; run the DAG, or leave connection out to use the SDK's default chain"
            )
        return login
