"""A whole installation on one machine: servers, a provider twin, companies to try it with, and a visitor who joins."""
