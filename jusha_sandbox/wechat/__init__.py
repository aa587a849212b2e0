"""A gateway that speaks WeChat Pay's APIv3, for trying out: no money moves, and it says so.

模拟微信支付网关：不会动用任何真实资金。Orders, questions, refunds, certificates, notices with
their schedule of retries, and bills have WeChat Pay's wire formats, so that an unmodified client
talks to it with nothing changed but the address. `python -m jusha_sandbox.wechat --help` starts it.

Two clocks. Facts and signatures carry the real time, because whoever checks them has no other.
Waiting (retries, refunds under way, bills of yesterday, orders that end) goes by a virtual clock,
which runs as the real one, faster, or only by hand.

Known to differ: a code to scan (code_url) is the web address of the pay page, so that the camera of
any phone opens it; WeChat Pay's begins with weixin:// and is opaque to merchants as well.

Written from WeChat Pay's documents; shares no code with the platform.
"""
