"""``python -m tests.conformance``: is what leaves the platform FOCUS 1.2, by the official validator's word?"""
