"""What is served over HTTP: REST, the calendar feed, links in messages and health."""
