"""What can be done to resources of Google Cloud, one file per action."""

from finops.rightsizing.actions.gcp.resize_machine import ResizeMachine
from finops.rightsizing.actions.gcp.start_machine import StartMachine
from finops.rightsizing.actions.gcp.stop_machine import StopMachine
from finops.rightsizing.actions.model import Action

ACTIONS: tuple[Action, ...] = (
    StopMachine(),
    StartMachine(),
    ResizeMachine(),
)
