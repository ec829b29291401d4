"""The network under the senders: what may be connected to, and one set of connections for each event loop."""
