"""The commands behind `connector`: what runs, and what an operator does by hand."""
