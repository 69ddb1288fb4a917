"""Forecasts of usage cost with intervals, by a hierarchy that adds up, and how good they were."""
