"""Bills to FOCUS and marts by dbt, and the publication of what the gate has passed."""
