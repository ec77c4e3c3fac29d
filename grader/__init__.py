"""Slipway for instructors: checks, one submission, a class."""
