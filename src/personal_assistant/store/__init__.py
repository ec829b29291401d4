"""Tables, transactions, migrations: everything that knows which database it is."""
