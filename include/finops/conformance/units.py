"""FOCUS's unit format (attribute UnitFormat of FOCUS 1.2)."""

_SIZE = (
    "|".join(f"{prefix}{base}" for base in ("B", "b", "iB", "ib") for prefix in ("K", "M", "G", "T", "P", "E")) + "|B|b"
)
_ONE = "Year|Month|Day|Hour|Minute|Second"
_MANY = "Years|Months|Days|Hours|Minutes|Seconds"
_COUNT = r"[A-Za-z][A-Za-z0-9]*(?: +[A-Za-z][A-Za-z0-9]*)*"
_ANY = f"{_SIZE}|{_COUNT}"

UNIT_FORMAT = "|".join(
    (
        f"(?:{_ANY})",
        f"(?:{_ANY})-(?:{_MANY})",
        f"(?:{_ANY})/(?:{_ONE})",
        f"[0-9]+ (?:{_ANY})",
        f"(?:{_ANY})/[0-9]+ (?:{_MANY})",
    )
)
"""What a whole unit matches: ``GB``, ``GB-Hours``, ``GB/Hour``, ``1000 Requests``, ``Units/3 Months``.

Sizes and periods of time are written as the specification lists them; what is counted is free.
"""
