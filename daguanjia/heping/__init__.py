"""The year of 三进三服务 as Heping's paper told it, made up from a seed: who was visited, what was said, and what became of it.

Rows are made here and nothing else: every figure of the year is counted from them by the same reports as that of any other county.
"""
