"""Files → tables: one transaction per file, and the manifest of what was loaded."""
