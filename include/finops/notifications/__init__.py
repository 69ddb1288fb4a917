"""Notifications: what a person has to hear of, in chats, by mail, by webhook and on call."""
