"""Tests of the integration in a Home Assistant, against the simulated market on real sockets."""
