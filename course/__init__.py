"""Slipway: a Jupyter course on Docker images and containers, taught on a real engine."""

__version__ = "0.1.0"
