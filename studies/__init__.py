"""Tuning studies: a coordinator that asks and tells, executors that run trials, one store."""
