"""Stories: a charity's official account, its posts, who follows it, and the day's digest.

People give again where they see what became of it. What is told here is told by a charity whose
papers were looked at, stays to be read when it is corrected, and reaches who asked for it: once a
day, in the app. Nothing here can be paid for: there are no advertisements and no ranks.
"""
