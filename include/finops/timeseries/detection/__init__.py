"""Anomaly scores of the points of any series: ``detect(panel)``."""

from finops.timeseries.detection.engine import detect
from finops.timeseries.detection.options import Options

__all__ = ["Options", "detect"]
