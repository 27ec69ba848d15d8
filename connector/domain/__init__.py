"""Frozen values and their rules: no clock, no input or output, nothing outside the standard library and our leaves."""
