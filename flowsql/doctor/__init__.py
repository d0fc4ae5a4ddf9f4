"""What is in a store, or in logs yet to be loaded, and what can be asked of it."""
