"""Mail with the statement attached, handed in over an encrypted connection."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
import unicodedata
from email.message import EmailMessage
from email.policy import SMTP

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.delivery.models import MANIFEST, Package
from finops.delivery.targets.objects import content_type
from finops.policy.delivery import MailServer

_SECONDS = 60
_LONGEST_NAME = 80


def configured_server(settings: Settings) -> MailServer:
    """Return the mail server of the settings. Raise BadInput when one is missing."""
    for name in ("smtp_host", "smtp_sender"):
        if not getattr(settings, name):
            raise BadInput(f"mail needs FINOPS_{name.upper()}; set it, or name a connection in delivery.yml")
    return MailServer(
        host=settings.smtp_host or "",
        port=settings.smtp_port,
        sender=settings.smtp_sender or "",
        user=settings.smtp_user,
        password=settings.smtp_password,
        encryption=settings.smtp_encryption,
        ca_file=settings.smtp_ca_file,
    )


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
        where = f"{self._uri} by {self._server.host}:{self._server.port}"
        # Only kinds and codes are passed on: a server's answer may quote what it was given.
        try:
            self._send(message)
        except smtplib.SMTPNotSupportedError:
            raise BadInput(f"{where}: the mail server lacks what is needed: STARTTLS, a login or UTF-8") from None
        except smtplib.SMTPAuthenticationError:
            raise BadInput(f"{where}: the mail server refused user or password; correct them") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(sorted({str(code) for code, _ in error.recipients.values()}))
            raise BadInput(f"{where}: the mail server refused the address ({codes}); correct it") from None
        except smtplib.SMTPResponseException as error:
            kind = Unavailable if 400 <= error.smtp_code < 500 else BadInput
            raise kind(f"{where}: the mail server answered {error.smtp_code}; nothing was sent") from None
        except ssl.SSLCertVerificationError as error:
            raise BadInput(f"{where}: its certificate is not right: {error.verify_message}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"{where}: the mail server gave no answer ({type(error).__name__})") from None

    def _send(self, message: EmailMessage) -> None:
        server = self._server
        context = ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
        if server.encryption == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        with client:
            if server.encryption != "tls":
                client.starttls(context=context)
            if server.user:
                client.login(server.user, "" if server.password is None else server.password.get_secret_value())
            client.send_message(message)


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
