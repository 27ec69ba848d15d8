"""The product's face to programs: one graph, a file per noun, and every field that does work says what it requires."""
