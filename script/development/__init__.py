"""script/run: a simulated market, and a Home Assistant that follows it, on loopback."""
