"""A failed task or a late run, told at once to the addresses of FINOPS_ALERT_MAIL and FINOPS_ALERT_WEBHOOK."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from email.message import EmailMessage
from email.policy import SMTP

import httpx

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.mail import MailServer, configured_server, send
from finops.core.settings import Settings
from finops.notifications.models import Alert, one_line

logger = logging.getLogger(__name__)

_SECONDS = 15
"""A task waits this long for a mail server or a webhook, and no longer."""


def tell(settings: Settings, alert: Alert) -> list[str]:
    """Send an alert to every configured address; return the faults, one line each, which are logged too.

    Nothing is raised: what has failed already must not fail for its alert.
    """
    faults = []
    for address in (each.strip() for each in (settings.alert_mail or "").split(",") if each.strip()):
        try:
            server = configured_server(settings)
            send(server, compose(alert, server, address), address, seconds=_SECONDS)
        except (FinopsError, ValueError) as error:
            faults.append(one_line(f"no alert by mail: {error}"))
    if settings.alert_webhook is not None:
        try:
            _post(settings.alert_webhook.get_secret_value(), alert)
        except FinopsError as error:
            faults.append(one_line(f"no alert by webhook: {error}"))
    for fault in faults:
        logger.error(fault)
    return faults


def compose(alert: Alert, server: MailServer, recipient: str) -> EmailMessage:
    """Return the message. The same alert again is the same message."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = server.sender, recipient
    message["Subject"] = one_line(f"[finops] {alert.headline}", 150)
    identity = hashlib.sha256(f"{alert} {recipient}".encode()).hexdigest()[:40]
    message["Message-ID"] = f"<{identity}@{server.sender.rpartition('@')[2]}>"
    message.set_content(text_of(alert))
    return message


def text_of(alert: Alert) -> str:
    """Return what people read: what failed, in which run, why, and where to look. It holds no secret."""
    facts = [("DAG", alert.dag_id), ("Task", alert.task_id), ("Run", alert.run_id), ("Period", alert.period)]
    lines = [f"{name}: {one_line(value, 200)}" for name, value in facts if value]
    lines += [f"Reason: {one_line(alert.reason)}"] if alert.reason else []
    lines += [f"Open: {alert.link}"] if alert.link else []
    return "\n".join([one_line(alert.headline), "", *lines, ""])


def _post(url: str, alert: Alert) -> None:
    if not _is_safe(url):
        raise BadInput("FINOPS_ALERT_WEBHOOK must be an https:// address; http:// is for this machine alone")
    escaped = text_of(alert).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    body = {
        "text": escaped,
        "event": alert.kind.value,
        "dag_id": alert.dag_id,
        "task_id": alert.task_id,
        "run_id": alert.run_id,
        "period": alert.period,
        "reason": one_line(alert.reason),
        "link": alert.link,
    }
    try:
        # Not followed: a redirect would take the alert, and the token in the address, to another host.
        answer = httpx.post(url, json=body, timeout=_SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The address holds a token: not even its host is told.
        raise Unavailable(f"the webhook gave no answer ({type(error).__name__})") from None
    if not answer.is_success:
        raise Unavailable(f"the webhook answered {answer.status_code}")


def _is_safe(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
        return parsed.scheme == "https" or (parsed.scheme == "http" and ipaddress.ip_address(parsed.host).is_loopback)
    except (httpx.InvalidURL, ValueError):
        return False
