"""From candidates to accuracies: score, rank teachers, select, train a student per selection, compare."""
