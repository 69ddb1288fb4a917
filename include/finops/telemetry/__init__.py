"""Usage telemetry by files: verified, rolled up to the hour and landed day by day."""
