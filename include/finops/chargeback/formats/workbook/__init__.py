"""A statement as XLSX: numbers that are numbers, text that stays text, no formulas, the same bytes each time."""

from finops.chargeback.formats.workbook.statement import write_workbook

__all__ = ["write_workbook"]
