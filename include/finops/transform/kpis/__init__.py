"""The KPI layer: built from what is published and from telemetry, after the bills and apart from them."""
