"""What can be done to resources of Azure, one file per action."""

from finops.rightsizing.actions.azure.assign_policy import AssignPolicy
from finops.rightsizing.actions.azure.change_volume import ChangeVolume
from finops.rightsizing.actions.azure.delete_volume import DeleteVolume
from finops.rightsizing.actions.azure.resize_machine import ResizeMachine
from finops.rightsizing.actions.azure.restore_volume import RestoreVolume
from finops.rightsizing.actions.azure.scale_endpoint import ScaleEndpoint
from finops.rightsizing.actions.azure.scale_group import ScaleGroup
from finops.rightsizing.actions.azure.set_lifecycle import SetLifecycle
from finops.rightsizing.actions.azure.start_machine import StartMachine
from finops.rightsizing.actions.azure.stop_machine import StopMachine
from finops.rightsizing.actions.azure.tag import Tag
from finops.rightsizing.actions.model import Action

ACTIONS: tuple[Action, ...] = (
    StopMachine(),
    StartMachine(),
    ResizeMachine(),
    ChangeVolume(),
    DeleteVolume(),
    RestoreVolume(),
    SetLifecycle(),
    ScaleGroup(),
    ScaleEndpoint(),
    Tag(),
    AssignPolicy(),
)
