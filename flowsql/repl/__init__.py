"""The interactive shell. Only this package imports prompt_toolkit, and of it only what an editor needs."""
