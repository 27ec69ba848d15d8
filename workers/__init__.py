"""The product's face to the clock: rings are answered, and what a lost ring left behind is found by a sweep."""
