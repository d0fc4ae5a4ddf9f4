"""The library: saved queries, where they are found, what they declare, and their parameters."""
