"""The monitoring systems that can be asked for telemetry, one module each."""
