"""What the guides say is executed, so that it stays true."""
