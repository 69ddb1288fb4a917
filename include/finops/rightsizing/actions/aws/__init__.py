"""What can be done to resources of AWS, one file per action."""

from finops.rightsizing.actions.aws.abort_uploads import AbortUploads
from finops.rightsizing.actions.aws.archive_snapshot import ArchiveSnapshot
from finops.rightsizing.actions.aws.attach_policy import AttachPolicy
from finops.rightsizing.actions.aws.change_volume import ChangeVolume
from finops.rightsizing.actions.aws.delete_volume import DeleteVolume
from finops.rightsizing.actions.aws.limit_requests import LimitRequests
from finops.rightsizing.actions.aws.release_address import ReleaseAddress
from finops.rightsizing.actions.aws.remove_schedule import RemoveSchedule
from finops.rightsizing.actions.aws.resize_machine import ResizeMachine
from finops.rightsizing.actions.aws.restore_snapshot import RestoreSnapshot
from finops.rightsizing.actions.aws.restore_volume import RestoreVolume
from finops.rightsizing.actions.aws.scale_endpoint import ScaleEndpoint
from finops.rightsizing.actions.aws.scale_group import ScaleGroup
from finops.rightsizing.actions.aws.schedule_endpoint import ScheduleEndpoint
from finops.rightsizing.actions.aws.schedule_machine import ScheduleMachine
from finops.rightsizing.actions.aws.set_concurrency import SetConcurrency
from finops.rightsizing.actions.aws.set_lifecycle import SetLifecycle
from finops.rightsizing.actions.aws.start_machine import StartMachine
from finops.rightsizing.actions.aws.stop_machine import StopMachine
from finops.rightsizing.actions.aws.tag import Tag
from finops.rightsizing.actions.aws.use_spot import UseSpot
from finops.rightsizing.actions.model import Action

ACTIONS: tuple[Action, ...] = (
    StopMachine(),
    StartMachine(),
    ResizeMachine(),
    ScheduleMachine(),
    RemoveSchedule(),
    ChangeVolume(),
    DeleteVolume(),
    RestoreVolume(),
    ArchiveSnapshot(),
    RestoreSnapshot(),
    ReleaseAddress(),
    SetLifecycle(),
    AbortUploads(),
    ScaleGroup(),
    UseSpot(),
    ScaleEndpoint(),
    ScheduleEndpoint(),
    SetConcurrency(),
    LimitRequests(),
    Tag(),
    AttachPolicy(),
)
