"""What a run needs before it is started: memory, time, communication, disk."""
