"""Measurements beside a peer and beside the limit, in one alternating run, told as ratios."""
