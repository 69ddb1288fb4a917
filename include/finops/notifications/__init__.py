"""Notifications: what a person has to hear of, by mail and webhook."""
