"""Sensors with more than shot and read noise: photodiodes, their readings, and the code made of these."""
