"""Records → columns: the formats, which of them a file has, and the SQL that they become."""
