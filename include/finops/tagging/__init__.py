"""What resources say of themselves: compliance, work lists, repair. Reads published data only."""
