"""Pages as PDF: to print, file and sign. The same content gives the same bytes."""
