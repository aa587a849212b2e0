"""Books, accounts and transfers: double entry that knows no donor and no project.

Owners of accounts are opaque codes. A transfer stays in one book and one asset, is
never edited, and a correction is a new transfer.
"""
