"""How the trials of a study are chosen: what runs next, and what is stopped early."""
