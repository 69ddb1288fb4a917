"""What can be done to resources of Azure, one file per action."""

from finops.rightsizing.actions.azure.resize_machine import ResizeMachine
from finops.rightsizing.actions.azure.start_machine import StartMachine
from finops.rightsizing.actions.azure.stop_machine import StopMachine
from finops.rightsizing.actions.model import Action

ACTIONS: tuple[Action, ...] = (
    StopMachine(),
    StartMachine(),
    ResizeMachine(),
)
