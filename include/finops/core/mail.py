"""Mail, handed in over an encrypted connection or not at all."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from pydantic import SecretStr

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, always encrypted: ``encryption`` is ``starttls`` or ``tls`` from the first byte."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: SecretStr | None = None
    encryption: str = "starttls"
    ca_file: Path | None = None


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


def send(server: MailServer, message: EmailMessage, to: str, *, seconds: float = _SECONDS) -> None:
    """Hand in a message; ``to`` names its recipient in errors.

    Raise BadInput when a person must act, Unavailable when a retry can help. A server that does not encrypt, or whose
    certificate is not right, gets nothing.
    """
    where = f"{to} by {server.host}:{server.port}"
    # Only kinds and codes are passed on: a server's answer may quote what it was given.
    try:
        _send(server, message, seconds)
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


def _send(server: MailServer, message: EmailMessage, seconds: float) -> None:
    context = ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
    if server.encryption == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=seconds)
    with client:
        if server.encryption != "tls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, "" if server.password is None else server.password.get_secret_value())
        client.send_message(message)
