"""REST beside much data and much work: how long does each answer take, and does anything else come late?"""
