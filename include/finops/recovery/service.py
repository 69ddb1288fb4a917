"""The entry point to backup and restore. Each function is documented where it is written."""

from __future__ import annotations

from finops.recovery.backup import Backup, write_backup
from finops.recovery.restore import Restored, restore

__all__ = ["Backup", "Restored", "restore", "write_backup"]
