"""Diagnosis: `rules/*.sql` say why deliveries did not go well; together they make the findings."""
