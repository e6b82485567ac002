"""Where jobs run: child processes of this machine, or the nodes of a Ray cluster."""
