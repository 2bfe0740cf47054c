"""A real receiver and a real sender, whose own logs the tool is then asked about."""
