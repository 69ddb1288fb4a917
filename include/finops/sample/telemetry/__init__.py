"""Telemetry of the invented company's resources, as its bills name them, with truths that are known beforehand."""
