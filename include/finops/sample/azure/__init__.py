"""Sample bills of Azure."""
