"""The dashboard: pages for people, rendered here, live in the browser."""
