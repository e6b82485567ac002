"""What runs a study: a sitting of its coordinator, within the budget."""
