"""The task that asks people whether an action may be done, and notes what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.configuration import conf
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.hitl import HITLUser

from finops_airflow.steps import actions


class ActionApproval(ApprovalOperator):
    """Ask for one approval of a planned action, in Airflow's UI or by its API, without holding a slot.

    ``asked`` is what ``actions.plan_actions`` returns of an action. Nobody is asked where it has all approvals
    that it needs, or has ended. The answer is noted in the state store, which takes it from an approver in
    ``rightsizing.yml`` alone, and not from who has asked for the action. Time that runs out rejects.
    """

    template_fields = (*ApprovalOperator.template_fields, "asked")

    def __init__(self, *, asked: Any, **arguments: Any) -> None:
        # The wait for a person is no execution; ``rightsizing.yml`` says how long it is.
        arguments["execution_timeout"] = None
        super().__init__(subject="An action on a cloud", defaults=self.REJECT, **arguments)
        self.asked: Mapping[str, str] = asked

    def execute(self, context: Any) -> Any:
        """Ask. Raise AirflowSkipException where nobody has to decide any more."""
        if not actions.waits_for_approval(self.asked["action_id"]):
            raise AirflowSkipException("it has all approvals that it needs, or has ended")
        self.subject, self.body = self.asked["subject"], self.asked["body"]
        approvers, self.response_timeout = actions.who_may_approve()
        if "SimpleAuthManager" in conf.get("core", "auth_manager"):
            # Its users are known by their names. Another manager's have ids of its own: any user of it is asked, and
            # the answer of one who is no approver is refused.
            self.assigned_users = [HITLUser(id=each, name=each) for each in approvers]
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Note the answer, then go on as ``ApprovalOperator`` does. Raise BadInput for who may not decide."""
        who = event.get("responded_by_user")
        if who is not None:  # Nobody: the time has run out, and the state store ends the action by itself.
            is_approved = event["chosen_options"] == [self.APPROVE]
            actions.decide_action(self.asked["action_id"], who["name"], is_approved=is_approved)
        return super().execute_complete(context, event)
