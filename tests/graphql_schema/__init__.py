"""The graph, asked over HTTP as partners ask it."""
