"""What is served over HTTP: the calendar feed, links in messages and health."""
