"""Generate a provider's sample and land it: ``python -m tests.bench.generate HOME PERIOD PROVIDER LINES MONTHS``."""

from __future__ import annotations

import sys
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.sample.service import generate


def main() -> None:
    """Leave the bills landed in HOME, and the file ``landed`` once they are."""
    home, provider = Path(sys.argv[1]), Provider(sys.argv[3])
    lines, months = map(int, sys.argv[4:6])
    generate(
        home / "sample",
        months=months,
        lines_per_month=lines,
        first_period=BillingPeriod.parse(sys.argv[2]),
        providers=[provider],
        with_telemetry=False,
    )
    ingest(Settings(home=home), provider, str(home / "sample" / provider))
    (home / "landed").touch()


if __name__ == "__main__":
    main()
