"""Sets of statement files: drafts, publication by one link, what is outdated."""
