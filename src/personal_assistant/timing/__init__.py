"""Clock, zones, recurrence and the time language: pure, with no database and no settings."""
