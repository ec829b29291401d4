"""AI tasks as calendars (RFC 5545): the feed of a person's occurrences, export and import."""
