"""Finds waste, proposes actions, applies approved ones safely on three clouds, and keeps account of what they saved."""
