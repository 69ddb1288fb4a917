"""``rightsizing.yml`` says which accounts are open, and through which one an organization's policies are set."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import rightsizing


def load(folder: Path, *accounts: str) -> rightsizing.RightsizingPolicy:
    listed = "".join(f"  - {{{each}}}\n" for each in accounts)
    (folder / "rightsizing.yml").write_text(f"accounts:\n{listed}", encoding="utf-8")
    return rightsizing.load(Settings(home=folder / "home", config_dir=folder))


def test_an_account_names_the_one_through_which_its_organization_is_asked(tmp_path: Path) -> None:
    found = load(tmp_path, 'id: "1", provider: aws, organization: "2"', 'id: "2", provider: aws, is_allowed: false')
    account = found.account("aws", "1")
    assert account is not None
    assert account.organization == "2"


@pytest.mark.parametrize(("provider", "organization"), [("aws", "9"), ("azure", "1")])
def test_an_organization_is_one_of_the_accounts_of_aws(tmp_path: Path, provider: str, organization: str) -> None:
    says = rf"rightsizing\.yml:3: accounts\[2\]\.organization: {organization} is none of the accounts of aws"
    with pytest.raises(BadInput, match=says):
        load(tmp_path, 'id: "1", provider: aws', f'id: "2", provider: {provider}, organization: "{organization}"')
