"""Tests of the market's client."""
