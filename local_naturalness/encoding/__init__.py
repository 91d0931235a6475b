"""Rows to prompts, responses and token ids."""
