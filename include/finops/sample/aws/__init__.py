"""Sample bills of AWS."""
