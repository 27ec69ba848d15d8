"""Providers to develop against: each twin speaks its provider's HTTP and imports nothing else of ours."""
