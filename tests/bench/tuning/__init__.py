"""make bench-tuning: how soon a tuner is as good as another one in the end."""
