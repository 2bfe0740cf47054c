"""The gate: stored worlds are judged anew, and every row that comes out otherwise is shown."""
