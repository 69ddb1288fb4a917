"""What the marts hold where a charge has no value of a dimension."""

UNALLOCATED = "(unallocated)"
"""The ``cost_center`` of costs without an owner: no cost centre is charged for them."""
ABSENT = "(none)"
"""The value of every other dimension that a charge does not have."""
