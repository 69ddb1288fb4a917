"""``python -m tests.bench``: CPU and memory of a build, as ratios within one run."""
