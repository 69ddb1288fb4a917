"""What resources a cloud has now: each type in each place is a part, which is answered whole or is a gap."""
