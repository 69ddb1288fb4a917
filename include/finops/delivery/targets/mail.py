"""Mail with the statement attached, handed in over an encrypted connection."""

from __future__ import annotations

import hashlib
import unicodedata
from email.message import EmailMessage
from email.policy import SMTP

from finops.core.mail import MailServer, send
from finops.delivery.models import MANIFEST, Package
from finops.delivery.targets.objects import content_type

_LONGEST_NAME = 80


class MailPlace:
    """One person's mailbox. What was sent cannot be asked for: the state store alone knows."""

    def __init__(self, uri: str, server: MailServer) -> None:
        self._uri, self._server = uri, server

    def holds(self, package: Package) -> bool:
        """Tell nothing: a mailbox is not read."""
        return False

    def put(self, package: Package) -> None:
        """Send the package. A server that does not encrypt, or whose certificate is not right, gets nothing."""
        message = compose(package, self._server.sender, self._uri.removeprefix("mailto:"))
        send(self._server, message, self._uri)


def compose(package: Package, sender: str, recipient: str) -> EmailMessage:
    """Return the message: the totals as text, the audience's files and their manifest attached, nothing else."""
    who = "the whole company" if package.cost_center is None else _one_line(package.cost_center)
    state = "" if package.status == "final" else f" ({package.status})"
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = f"Cloud cost statement of {who}, {package.billing_period}{state}"
    # The same package sent again, after a run that was killed before it noted the first, is the same message.
    identity = hashlib.sha256(f"{package.digest} {package.path} {recipient}".encode()).hexdigest()[:40]
    message["Message-ID"] = f"<{identity}@{sender.rpartition('@')[2]}>"
    totals = [
        f"  effective cost {each['effective_cost']} {each['billing_currency']}, "
        f"billed cost {each['billed_cost']} {each['billing_currency']}{_total_charged(each)}"
        for each in package.totals
    ]
    lines = [f"Cloud cost of {who}, billing period {package.billing_period}{state}:", *totals, ""]
    message.set_content("\n".join([*lines, "The statement is attached; manifest.json lists its files with SHA-256."]))
    prefix = f"{package.billing_period}-{package.folder}-"
    attached = [(f"{prefix}{each.name}", each.content) for each in package.files]
    for name, content in [*attached, (MANIFEST, package.manifest(prefix))]:
        main, _, sub = content_type(name).partition(";")[0].partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def _total_charged(totals: dict[str, str]) -> str:
    """Return what is charged in all, which a manifest names where that is more than the effective cost."""
    found = totals.get("total_charged")
    return f", total charged {found} {totals['billing_currency']}" if found else ""


def _one_line(text: str) -> str:
    """Return a name fit for a header, whatever a tag may hold."""
    plain = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"
