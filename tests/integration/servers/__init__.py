"""Servers that stand in for the clouds: started and stopped by a test session, reached by the real clients."""
