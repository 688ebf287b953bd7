"""x"""
def copies_of(n, *, journal): return 1
def multiply(): pass
