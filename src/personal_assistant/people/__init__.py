"""Who may ask for what: personal tokens, and what they have asked for already."""
