"""A world small enough for a student that learns on a CPU: problems, teachers, a student."""
