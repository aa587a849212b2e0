"""Oversight: complaints and their clock, what the regulator is given, registers of incidents.

Public giving lives by trust, so whoever sees something wrong must be heard, and must see what
became of it. This room keeps who said what and who did what about it; holding a project is the
projects' own verb. Personal data of reporters stands sealed and apart.
"""
