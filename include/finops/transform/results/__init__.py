"""Results of features (forecasts, incidents): staged, then published as a layer of their own beside the marts."""
