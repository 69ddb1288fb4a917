"""May an expensive job start now? What budgets, their forecasts, the time of day and the price of spot machines say."""
