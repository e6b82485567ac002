"""The rows a spec and a plan expand to, and everything read off them: exact, without torch."""
