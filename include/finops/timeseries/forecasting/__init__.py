"""Forecasts with intervals that hold: a pool of models, weighed by backtest, calibrated by what they missed before."""
