"""What can be done to resources of Google Cloud, one file per action."""

from finops.rightsizing.actions.gcp.delete_volume import DeleteVolume
from finops.rightsizing.actions.gcp.limit_quota import LimitQuota
from finops.rightsizing.actions.gcp.limit_requests import LimitRequests
from finops.rightsizing.actions.gcp.remove_schedule import RemoveSchedule
from finops.rightsizing.actions.gcp.resize_machine import ResizeMachine
from finops.rightsizing.actions.gcp.restore_volume import RestoreVolume
from finops.rightsizing.actions.gcp.scale_endpoint import ScaleEndpoint
from finops.rightsizing.actions.gcp.scale_group import ScaleGroup
from finops.rightsizing.actions.gcp.schedule_machine import ScheduleMachine
from finops.rightsizing.actions.gcp.set_lifecycle import SetLifecycle
from finops.rightsizing.actions.gcp.start_machine import StartMachine
from finops.rightsizing.actions.gcp.stop_machine import StopMachine
from finops.rightsizing.actions.gcp.tag import Tag
from finops.rightsizing.actions.model import Action

ACTIONS: tuple[Action, ...] = (
    StopMachine(),
    StartMachine(),
    ResizeMachine(),
    ScheduleMachine(),
    RemoveSchedule(),
    DeleteVolume(),
    RestoreVolume(),
    SetLifecycle(),
    ScaleGroup(),
    ScaleEndpoint(),
    Tag(),
    LimitQuota(),
    LimitRequests(),
)
