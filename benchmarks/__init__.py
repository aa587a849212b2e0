"""What every speed figure rests on: one workload, honest rivals, one load generator.

A ratio means something only if both sides did the same work well. So the workload, its plain
oracle, the usual Django way (written as a competent developer would write it) and the HTTP load
generator live here, apart from the code that they judge, and import none of it.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jusha.config.settings")
