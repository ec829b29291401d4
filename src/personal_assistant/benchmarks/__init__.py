"""Measuring this system on the machine at hand, with the raw-SQL floor in the same run."""
