"""The charges of the bills behind one line of a statement."""
