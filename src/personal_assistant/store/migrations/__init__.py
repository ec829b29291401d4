"""The schema's history, one Alembic revision a file; file names sort in the order of the revisions."""
