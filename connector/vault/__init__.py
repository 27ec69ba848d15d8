"""Envelopes, data keys and the keys that wrap them; the only home of cryptography."""
