"""Vision tasks: what a model's answers are, how right they are, and how much they changed. One task a file."""
