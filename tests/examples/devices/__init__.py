"""Stand-ins for devices that a test machine does not have; this folder goes onto the path."""
