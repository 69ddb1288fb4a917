"""Sample bills of Google Cloud."""
