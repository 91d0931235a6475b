"""Answers of real teachers, scored by real students."""
