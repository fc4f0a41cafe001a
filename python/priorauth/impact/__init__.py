"""What a change of the policy does to the requests of a file, and to earlier decisions."""
