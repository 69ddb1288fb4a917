"""The models of the pool, a module per family. Each takes a window and a horizon and returns ``[series, horizon]``.

A model never fails for a series: where its history is too short it falls back to something simpler.
"""
