"""Where a store is found unless something else is said."""

DEFAULT_STORE = "runs/advisor.db"
STORE_VARIABLE = "ADVISOR_STORE"  # of the environment: a URL with a password is not for the command line
