"""Pure proof arithmetic of the public log, so that no framework can bend it.

RFC 6962 trees (`tree`), C2SP tiles (`tiles`), signed notes and cosignatures (`note`), checkpoints
(`checkpoint`), trust policies (`policy`), proof files (`proof`) and the receipt's sealed private
part (`commitment`). Nothing here touches a database, a clock, a network or a file.
"""
