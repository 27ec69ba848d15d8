"""Every claim this product makes, as a sentence that can fail."""
