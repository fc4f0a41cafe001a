"""Deciding many requests, file to file, on every core, and going on where it was broken off."""
