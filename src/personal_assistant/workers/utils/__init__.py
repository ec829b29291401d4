"""Shared by all tasks: monitoring, error handling, health checks."""
