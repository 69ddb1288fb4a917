"""The weekly review: each KPI with its target, its change and the reasons for it, as a page, a PDF and CSV."""
