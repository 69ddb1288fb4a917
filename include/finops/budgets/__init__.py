"""Budgets held against what is published: actual, forecast, probability of breach; what is told of them."""
