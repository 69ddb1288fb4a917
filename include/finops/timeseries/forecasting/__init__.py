"""Forecasts with intervals that hold: a pool of models, weighed by backtest, calibrated by what they missed before."""

from finops.timeseries.forecasting.engine import OURS, Forecast, Options, backtest, forecast

__all__ = ["OURS", "Forecast", "Options", "backtest", "forecast"]
