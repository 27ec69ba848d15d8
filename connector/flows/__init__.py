"""What the product does, a verb a module; each speaks to ports only."""
