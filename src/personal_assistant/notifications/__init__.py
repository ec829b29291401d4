"""Everything between an occurrence and a person."""
