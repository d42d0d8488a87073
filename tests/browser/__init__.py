"""Tests of what a user sees and clicks, in Chromium."""
