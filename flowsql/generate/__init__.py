"""Synthetic flow logs: who there is, what they say to each other, and the files AWS would make of it."""
