"""What changes, told to whoever watches: one look at the database for all who watch in this process."""
