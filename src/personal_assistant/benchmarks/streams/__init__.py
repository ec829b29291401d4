"""Many streams of events held open: does the memory of who serves them grow, and does each event come in time?"""
