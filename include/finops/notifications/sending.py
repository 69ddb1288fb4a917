"""Send one message to one channel, of whatever kind."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from finops.core.errors import BadInput
from finops.core.mail import MailServer, configured_server
from finops.core.settings import Settings
from finops.notifications.channels import mail, pagerduty, slack, spelt, teams, webhook
from finops.notifications.models import Broken, Message
from finops.notifications.secrets import Connections, secret_of
from finops.policy import channels as policy


def send(settings: Settings, channel: policy.AnyChannel, message: Message, connections: Connections) -> None:
    """Send a message once. Raise Refused, Broken, Busy or NoAnswer."""
    name = channel.name
    if not isinstance(channel, policy.Slack | policy.Teams):
        # These know a repeat by its key, and a repeat must be the very same.
        message = replace(message, is_repeat=False)
    if isinstance(channel, policy.Mail):
        server = _mail_server(settings, channel, connections)
        found = spelt(
            message,
            partial(mail.compose, sender=server.sender, to=channel.to),
            partial(mail.simple, sender=server.sender, to=channel.to),
            name,
        )
        mail.send(server, found, channel.to)
        return
    secret = secret_of(settings, channel, connections)
    if isinstance(channel, policy.Slack):
        slack.send(settings, secret, spelt(message, slack.compose, slack.simple, name))
    elif isinstance(channel, policy.Teams):
        teams.send(settings, secret, spelt(message, teams.compose, teams.simple, name))
    elif isinstance(channel, policy.PagerDuty):
        pagerduty.send(settings, channel.to, secret, spelt(message, pagerduty.compose, pagerduty.simple, name))
    elif isinstance(channel, policy.Webhook):
        payload = spelt(message, webhook.compose, webhook.simple, name)
        webhook.send(settings, channel.to, secret, message.message_id, payload)
    else:
        raise Broken(f"there is no way to send to a channel of type {type(channel).__name__}")


def _mail_server(settings: Settings, channel: policy.AnyChannel, connections: Connections) -> MailServer:
    try:
        if channel.connection is None:
            return configured_server(settings)
        server = connections(channel)
    except BadInput as error:
        raise Broken(str(error)) from None
    if not isinstance(server, MailServer):
        raise Broken(f"its mail server is in the Airflow Connection {channel.connection}, which only Airflow can read")
    return server
