"""The drawing in CONTRIBUTING and the code must stay the same thing."""
