"""Deciding many requests, file to file, on every core; an interrupted run can be resumed."""
