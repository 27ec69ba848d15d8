"""Full-size proofs, run by hand: `./dev test --long NAME` writes build/reports/NAME.json."""
