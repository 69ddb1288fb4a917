"""Methods on any series of numbers: forecasts and anomaly scores. Pure: no settings, no stores, nothing of bills."""
