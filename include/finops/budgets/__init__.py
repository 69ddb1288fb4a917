"""Budgets held against what is published: actual, forecast, probability of breach; what is told and proposed of them."""
