"""A person's lists: today, overdue, upcoming, done, and what a search finds."""
