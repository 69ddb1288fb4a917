"""Mail, HTML and text: a repeat has the same ``Message-ID``, by which mail systems know it; some show it twice."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from finops.core.errors import BadInput, Unavailable
from finops.core.mail import MailServer
from finops.core.mail import send as hand_in
from finops.notifications import limits, wording
from finops.notifications.http import SECONDS
from finops.notifications.models import Broken, Message, NoAnswer, one_line


def send(server: MailServer, message: EmailMessage, to: str) -> None:
    """Hand in a message. Raise Broken when a person must act, NoAnswer when a retry can help."""
    try:
        hand_in(server, message, to, seconds=SECONDS)
    except BadInput as error:
        raise Broken(str(error)) from None
    except Unavailable as error:
        raise NoAnswer(str(error), is_in_doubt=False) from None


def compose(message: Message, sender: str, to: str) -> EmailMessage:
    """Return the message as text and HTML."""
    found = simple(message, sender, to)
    page = _template().render(message=message, headline=wording.headline(message), wording=wording)
    limits.check_size(page.encode(), limits.MAIL_BYTES, "mail")
    found.add_alternative(page, subtype="html")
    return found


def simple(message: Message, sender: str, to: str) -> EmailMessage:
    """Return the message as text alone. The same message again has the same id and date."""
    found = EmailMessage(policy=SMTP)
    found["From"], found["To"] = sender, to
    found["Subject"] = one_line(f"[finops] {wording.headline(message)}", 150)
    identity = hashlib.sha256(f"{message.message_id} {to}".encode()).hexdigest()[:40]
    found["Message-ID"] = f"<{identity}@{sender.rpartition('@')[2].rstrip('>')}>"
    found["Date"] = format_datetime(message.created_at)
    # No answer of an absence comes back (RFC 3834).
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(limits.cut(wording.plain(message), limits.MAIL_BYTES // 4))
    return found


@cache
def _template() -> Template:
    folder = Path(__file__).parents[1] / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined).get_template(
        "mail.html.j2"
    )
