"""What AWS says of itself: descriptions of its resources -> rows for the store."""
