"""Estimates of what scoring a dataset will cost.

Nothing is imported here: the command line reads the table of GPUs before it imports torch.
"""
