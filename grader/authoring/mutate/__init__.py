"""Faulty variants of the reference solutions: which of them would still get full marks?"""
