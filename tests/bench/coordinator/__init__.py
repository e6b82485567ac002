"""What a coordinator costs beside the trials, and whether a study ends when it said it would."""
