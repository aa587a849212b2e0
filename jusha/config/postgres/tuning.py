"""The server's settings, computed from the machine's memory at each start.

The file written here is ours alone and is written anew; a person's own settings go into local.conf
beside it, which is read last and never touched.
"""

from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB
# Used when the machine does not tell its memory: small enough to start anywhere.
RAM_BYTES_UNKNOWN = 2 * GIB
CGROUP_LIMIT_FILES = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
CONNECTIONS_MAX = 100


def memory_bytes() -> int:
    """Memory this process may count on: the machine's, or its container's limit if lower."""
    found = [_meminfo_bytes(), *(_limit_bytes(path) for path in CGROUP_LIMIT_FILES)]
    return min((amount for amount in found if amount), default=RAM_BYTES_UNKNOWN)


def settings_for(*, ram_bytes: int, socket: Path, log_folder: Path, lz4: bool) -> dict[str, str]:
    """Every setting that differs from PostgreSQL's default, for a machine shared with the app.

    An eighth of memory goes to shared buffers, since settlement, door and web live beside it.
    Statements, parameters and row values stay out of the server's log: they hold personal data.
    """
    return {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(socket).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "max_connections": str(CONNECTIONS_MAX),
        "password_encryption": "scram-sha-256",
        "shared_buffers": _mib(ram_bytes // 8, low=64 * MIB, high=4 * GIB),
        "effective_cache_size": _mib(ram_bytes // 2, low=256 * MIB, high=1024 * GIB),
        "maintenance_work_mem": _mib(ram_bytes // 32, low=32 * MIB, high=1 * GIB),
        "work_mem": _mib(ram_bytes // (16 * CONNECTIONS_MAX), low=4 * MIB, high=64 * MIB),
        "wal_buffers": "16MB",
        "wal_level": "replica",
        "synchronous_commit": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "wal_compression": "lz4" if lz4 else "off",
        # Eight bytes a transaction: `jusha trace` tells by them when a batch was committed.
        "track_commit_timestamp": "on",
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",
        # Day partitions times their indexes: one dump or audit touches more than 64 a connection.
        "max_locks_per_transaction": "256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "logging_collector": "on",
        "log_directory": str(log_folder),
        "log_filename": "postgresql-%a.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_truncate_on_rotation": "on",
        "log_line_prefix": "%m [%p] %q%u@%d/%a ",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "log_startup_progress_interval": "5s",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }


def configuration_text(settings: dict[str, str]) -> str:
    """The text of the configuration file; local.conf beside it has the last word."""
    lines = ["# Written anew at each start. Your own settings go into local.conf beside this file."]
    lines += [f"{name} = {quoted(value)}" for name, value in settings.items()]
    return "\n".join([*lines, "include_if_exists 'local.conf'", ""])


def quoted(value: str) -> str:
    """A value as PostgreSQL's configuration reader wants it; a path may hold any character."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"


def _mib(amount_bytes: int, *, low: int, high: int) -> str:
    return f"{min(max(amount_bytes, low), high) // MIB}MB"


def _meminfo_bytes() -> int | None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    for line in meminfo.read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _limit_bytes(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
