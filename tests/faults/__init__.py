"""What can go wrong, at a size for every day; `./dev test --long NAME` shows the same at full size."""
