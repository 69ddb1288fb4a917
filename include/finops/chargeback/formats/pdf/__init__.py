"""A statement as PDF: pages to print, file and sign."""
