"""The face to a person's browser: from the link's page to the provider and back, in Japanese with English beside."""
